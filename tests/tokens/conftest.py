"""Keys in a database of their own: rotation changes what everybody signs with."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from asyncpg.connection import LoggedQuery
from sqlalchemy.ext.asyncio import AsyncEngine

from conftest import Clock
from impersonator_api import tokens
from impersonator_api.database import build_engine
from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Origin, Services
from statements import statements_of

KeyDeskMaker = Callable[[tokens.MasterKeys], Desk]


@pytest.fixture
async def own_engine(fresh_database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database without any key."""
    engine = build_engine(fresh_database_url, Settings())
    yield engine
    await engine.dispose()


@pytest.fixture
def key_desk_with(own_engine: AsyncEngine, tmp_path: Path, clock: Clock) -> KeyDeskMaker:
    """A desk over that database, as a process with these master keys has it."""

    def make(master_keys: tokens.MasterKeys) -> Desk:
        services = Services({tokens.MasterKeys: master_keys, tokens.KeyRing: tokens.KeyRing(master_keys)})
        return Desk(own_engine, Settings(data_dir=tmp_path), services, clock, Origin(request_id="keys"))

    return make


@pytest.fixture
def master_keys(tmp_path: Path) -> tokens.MasterKeys:
    """Development's master key."""
    return tokens.load_master_keys(Settings(data_dir=tmp_path))


@pytest.fixture
async def key_desk(key_desk_with: KeyDeskMaker, master_keys: tokens.MasterKeys) -> Desk:
    """A desk with first keys, not in the ring yet."""
    desk = key_desk_with(master_keys)
    await desk.run_in_transaction(tokens.ensure_keys)
    return desk


@pytest.fixture
async def statements(own_engine: AsyncEngine) -> AsyncIterator[Sequence[LoggedQuery]]:
    """What is sent to that database from now on."""
    async with statements_of(own_engine) as sent:
        yield sent
