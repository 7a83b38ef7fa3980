"""A durable PostgreSQL, an organisation in it, and the service in processes of its own."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bad_days.cluster import Cluster
from bad_days.crowd import Crowd, Impersonator
from bad_days.serving import Serving, serving
from bench.wire import Credentials
from builders import SECRET, Organisation, Someone, make_tenant, ordinary_token
from conftest import MASTER_KEY
from impersonator_api.app import open_desk
from impersonator_api.settings import Settings

PEOPLE = 8

Serve = Callable[..., AbstractAsyncContextManager[Serving]]


@dataclass(frozen=True)
class Town:
    """Many who may act as others, and a service that may introspect."""

    acme: Organisation
    people: list[Impersonator]
    target: Someone
    backoffice: str

    def crowd(self, service: Serving) -> Crowd:
        """All of them, on their way to the service."""
        return Crowd(service.port, self.people, Credentials.basic(self.backoffice, SECRET))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL that bad things happen to."""
    # Not where TMPDIR says: a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="bad", dir="/tmp", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        yield cluster
        cluster.stop()


@pytest.fixture(scope="session")
def owner_url(cluster: Cluster) -> str:
    """Its superuser, instead of the server that other tests share."""
    return cluster.owner_url


@pytest.fixture
async def owner(fresh_database_url: str) -> AsyncIterator[AsyncEngine]:
    """The owner's way to the test's database; connections that died meanwhile are not taken for good ones."""
    engine = create_async_engine(fresh_database_url, pool_pre_ping=True)
    yield engine
    await engine.dispose()


@pytest.fixture
def service_url(fresh_database_url: str) -> str:
    """The service's own login."""
    return make_url(fresh_database_url).set(username="impersonator").render_as_string(hide_password=False)


@pytest.fixture
def serve(service_url: str, tmp_path: Path) -> Serve:
    """Runs `impersonator serve` on the test's database."""
    return partial(serving, service_url, tmp_path)


@pytest.fixture
async def town(fresh_database_url: str, tmp_path: Path) -> Town:
    """An organisation that nobody else knows."""
    settings = Settings(data_dir=tmp_path, master_key=MASTER_KEY)
    async with open_desk(settings, database_url=fresh_database_url) as desk:
        acme = await make_tenant(desk.engine)
        target = await acme.person("bob", "customer")
        backoffice = await acme.client("backoffice", kind="service", scopes=["root", "read_user"])
        admins = [await acme.person(f"ana{number}", "super_admin") for number in range(PEOPLE)]
        people = [Impersonator(await ordinary_token(desk, admin), str(target.id)) for admin in admins]
    return Town(acme, people, target, backoffice)
