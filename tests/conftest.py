"""A real PostgreSQL, migrated once; each test brings tenants of its own, because the audit cannot be emptied."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import hypothesis
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from builders import Someone, ordinary_token
from impersonator_api import embedded, tokens
from impersonator_api.app import create_app
from impersonator_api.callers import Acquaintances
from impersonator_api.database import build_engine
from impersonator_api.migrate import migrate
from impersonator_api.oauth import KnownClients
from impersonator_api.sessions import CappedTotals, Grounds, Surroundings
from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Origin, Services, utc_now
from shared_storage import Valkey

# A busy machine is no counterexample. In CI Hypothesis brings a profile of its own, which is also the same every time.
if "CI" not in os.environ:
    hypothesis.settings.register_profile("here", deadline=None)
    hypothesis.settings.load_profile("here")

MASTER_KEY = SecretStr("bWFzdGVyLWtleS1mb3ItdGVzdHMtMzItYnl0ZXMhISE=")

ActingAs = Callable[..., Awaitable[httpx.AsyncClient]]


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a test at a full second of today."""
        self.moment = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.moment += timedelta(**span)


@pytest.fixture(scope="session")
def owner_url() -> Iterator[str]:
    """Whoever may make databases: the server named by IMPERSONATOR_TEST_DATABASE_URL, or an embedded one."""
    named = os.environ.get("IMPERSONATOR_TEST_DATABASE_URL")
    if named:
        yield make_url(named).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        return
    with embedded.temporary() as server:
        yield server.owner_url


@pytest.fixture(scope="session")
async def template(owner_url: str) -> AsyncIterator[str]:
    """The name of a database that is migrated and otherwise empty.

    IMPERSONATOR_TEST_TEMPLATE names one that somebody else has migrated, further than this checkout would.
    """
    ready_made = os.environ.get("IMPERSONATOR_TEST_TEMPLATE")
    if ready_made:
        yield ready_made
        return
    name = f"impersonator_template_{uuid4().hex[:8]}"
    await _on_server(owner_url, f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    await migrate(_with_database(owner_url, name))
    yield name
    await _on_server(owner_url, f'DROP DATABASE "{name}"')


@pytest.fixture(scope="session")
async def database_url(owner_url: str, template: str) -> AsyncIterator[str]:
    """The database most tests share."""
    async for url in _clone(owner_url, template):
        yield url


@pytest.fixture
async def fresh_database_url(owner_url: str, template: str) -> AsyncIterator[str]:
    """A database nobody else uses."""
    async for url in _clone(owner_url, template):
        yield url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The defaults, with a data folder of the test's own."""
    return Settings(data_dir=tmp_path, master_key=MASTER_KEY)


@pytest.fixture(scope="session")
def app_clock() -> Clock:
    """The clock of the shared application."""
    return Clock()


@pytest.fixture
def clock(app_clock: Clock) -> Clock:
    """Time that stands still until the test moves it, for stories and the application alike."""
    app_clock.reset()
    return app_clock


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The service's engine on the shared database."""
    # A machine busy with other things must not turn a race into a timeout; the tests of timeouts bring their own.
    patient = Settings(
        pool_timeout=timedelta(minutes=1), lock_timeout=timedelta(minutes=1), statement_timeout=timedelta(minutes=1)
    )
    engine = build_engine(database_url, patient)
    yield engine
    await engine.dispose()


@pytest.fixture
def desk_with(engine: AsyncEngine, settings: Settings, clock: Clock) -> Callable[[Services], Desk]:
    """A desk with the long-lived services that a test needs."""
    origin = Origin(request_id="test-request", ip="192.0.2.7", user_agent="tests")
    return lambda services: Desk(engine=engine, settings=settings, services=services, clock=clock, origin=origin)


@pytest.fixture(scope="session")
async def services(engine: AsyncEngine) -> Services:
    """Keys that sign, as the application makes them at its start."""
    settings = Settings(master_key=MASTER_KEY)
    master_keys = tokens.load_master_keys(settings)
    ring = tokens.KeyRing(master_keys)
    services = Services(
        {
            tokens.MasterKeys: master_keys,
            tokens.KeyRing: ring,
            Acquaintances: Acquaintances(),
            KnownClients: KnownClients(),
            Grounds: Grounds(),
            Surroundings: Surroundings(),
            CappedTotals: CappedTotals(),
        }
    )
    desk = Desk(engine=engine, settings=settings, services=services, clock=utc_now, origin=Origin(request_id="keys"))
    await desk.run_in_transaction(tokens.ensure_keys)
    await desk.run(ring.refresh)
    return services


@pytest.fixture
def signing_desk(desk_with: Callable[[Services], Desk], services: Services) -> Desk:
    """A desk whose stories can mint tokens."""
    return desk_with(services)


@pytest.fixture
def desk(desk_with: Callable[[Services], Desk]) -> Desk:
    """A desk without services, for stories that need none."""
    return desk_with(Services({}))


@pytest.fixture(scope="session")
async def app(database_url: str, app_clock: Clock) -> AsyncIterator[FastAPI]:
    """The whole application on the shared database, without its worker: a test does what it wants done by time."""
    # All tests come from one address, and many of them fail on purpose; those of the limits bring their own.
    settings = Settings(master_key=MASTER_KEY, failed_rate_limit="off", failed_address_rate_limit="off")
    app = create_app(settings, database_url=database_url, clock=app_clock, with_worker=False)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def http(app: FastAPI, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A client that nobody has signed in with; its application's clock is the test's."""
    app.state.clock = clock
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def acting_as(http: httpx.AsyncClient, signing_desk: Desk) -> ActingAs:
    """Sign requests with a person's own access token: `http` answers as before, with that Authorization header."""

    async def sign_in(someone: Someone, **login: Any) -> httpx.AsyncClient:
        http.headers["Authorization"] = f"Bearer {await ordinary_token(signing_desk, someone, **login)}"
        return http

    return sign_in


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A real Valkey of the test's own."""
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()


def _with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def _clone(owner_url: str, template: str) -> AsyncIterator[str]:
    name = f"impersonator_test_{uuid4().hex[:8]}"
    await _on_server(owner_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _with_database(owner_url, name)
    await _on_server(owner_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _on_server(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
