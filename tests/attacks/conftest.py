"""Something to attack."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from attacks.crime import Crime, make_crime
from attacks.doors import Doors, Scene, make_scene
from attacks.patient import Patient
from builders import Someone, ordinary_token
from callers.conftest import Provider, idp, server
from conftest import MASTER_KEY, Clock
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from impersonator_api.work import Desk

__all__ = ["idp", "server"]

Lines = list[str]
TokenOf = Callable[[Someone], Awaitable[str]]


@pytest.fixture
def doors(http: httpx.AsyncClient) -> Doors:
    """The doors of the running application."""
    return Doors(http)


@pytest.fixture
async def scene(engine: AsyncEngine, signing_desk: Desk, doors: Doors) -> Scene:
    """Ana, who may act as Bob."""
    return await make_scene(engine, signing_desk, doors)


@pytest.fixture
async def elsewhere(engine: AsyncEngine, signing_desk: Desk, doors: Doors) -> Scene:
    """Another organisation, with an Ana and a Bob of its own."""
    return await make_scene(engine, signing_desk, doors, "globex")


@pytest.fixture
async def crime(scene: Scene, signing_desk: Desk, clock: Clock, idp: Provider) -> Crime:
    """A running session, and whatever somebody may have come by."""
    return await make_crime(scene, signing_desk, clock, idp)


@pytest.fixture
def token_of(signing_desk: Desk) -> TokenOf:
    """Signs people in."""

    async def sign_in(someone: Someone) -> str:
        return await ordinary_token(signing_desk, someone)

    return sign_in


@pytest.fixture
async def patient(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[Patient]:
    """Ana, who may act as Bob, as long as the database lets her."""
    settings = Settings(
        data_dir=tmp_path,
        master_key=MASTER_KEY,
        pool_size=2,
        lock_timeout=timedelta(milliseconds=200),
        failed_rate_limit="off",
        failed_address_rate_limit="off",
    )
    app = create_app(settings, database_url=fresh_database_url, with_worker=False)
    owner = create_async_engine(fresh_database_url)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http,
    ):
        desk = app.state.office.pattern
        yield Patient(await make_scene(desk.engine, desk, Doors(http)), owner, desk)
    await owner.dispose()


@pytest.fixture
def raw_log() -> Iterator[Lines]:
    """Every event as it is logged, before anything is redacted: the net below is not to be relied on."""
    lines: Lines = []

    def keep(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        lines.append(repr(event))
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    yield lines
    structlog.reset_defaults()
