"""A durable PostgreSQL, an organisation in it, and the service in processes of its own."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bad_days.cluster import Cluster
from bad_days.crowd import INTROSPECT, Crowd, Impersonator, start
from bad_days.disk import Disk, small_disk
from bad_days.serving import Serving, serving
from bad_days.soak import Office
from bad_days.wire import Answer, Line
from bench.wire import Credentials, post_form
from builders import SECRET, Organisation, make_tenant, ordinary_token
from conftest import MASTER_KEY
from impersonator_api.app import open_desk
from impersonator_api.settings import Settings

PEOPLE = 8
TOLD = pytest.StashKey[list[str]]()

Tell = Callable[[str], None]

Serve = Callable[..., AbstractAsyncContextManager[Serving]]


@dataclass(frozen=True)
class Town:
    """Many who may act as others, and a service that may introspect."""

    acme: Organisation
    people: list[Impersonator]
    somebody_else: Impersonator
    """Of whom the crowd knows nothing."""
    customer: Impersonator
    """Who may not act as anybody."""
    backoffice: str

    def office(self) -> Office:
        """All of them, and the customer, for an ordinary day."""
        return Office(self.people, self.customer, self.credentials)

    def crowd(self, service: Serving) -> Crowd:
        """All of them, on their way to the service."""
        return Crowd(service.port, self.people, self.credentials)

    @property
    def credentials(self) -> Credentials:
        """The service's."""
        return Credentials.basic(self.backoffice, SECRET)

    async def live_token(self, service: Serving) -> Callable[[], Awaitable[Answer]]:
        """A token of a session that goes on; answers how to introspect it."""
        line, own = Line(service.port), Credentials.bearer(self.somebody_else.token)
        started = (await line.ask(start(self.somebody_else, own))).json()
        return lambda: line.ask(post_form(INTROSPECT, {"token": started["access_token"]}, self.credentials))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make soak` takes longer than its test."""
    parser.addoption("--soak-seconds", type=float, default=15.0, help="How long the soak takes.")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was seen, beside what was promised."""
    told = config.stash.get(TOLD, [])
    if told:
        terminalreporter.section("what was seen")
        terminalreporter.write_line("\n".join(told))


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Takes words and figures for the end of the run."""
    told = request.config.stash.setdefault(TOLD, [])
    return lambda words: told.append(f"{request.node.name}:\n{words}")


@pytest.fixture
def soak_seconds(request: pytest.FixtureRequest) -> float:
    """As the command line has it."""
    return float(request.config.getoption("--soak-seconds"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL that bad things happen to."""
    # Not where TMPDIR says: a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="bad", dir="/tmp", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        yield cluster
        cluster.stop()


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A small one, empty, with room for a cluster."""
    with (
        tempfile.TemporaryDirectory(prefix="full", dir="/tmp", ignore_cleanup_errors=True) as folder,
        small_disk(Path(folder), megabytes=224) as disk,
    ):
        yield disk


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
        admins = [await acme.person(f"ana{number}", "super_admin") for number in range(PEOPLE + 1)]
        people = [Impersonator(await ordinary_token(desk, admin), str(target.id)) for admin in admins]
        customer = Impersonator(await ordinary_token(desk, target), str(admins[0].id))
    return Town(acme, people[1:], people[0], customer, backoffice)
