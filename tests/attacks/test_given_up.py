"""Whoever is cancelled at whatever moment leaves no transaction behind for the next one's writes to be lost in."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from impersonator_api.connection import Connection
from impersonator_api.database import build_engine
from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Origin, Services, Work, utc_now

AT_ONCE = "SELECT 1"


@pytest.fixture
async def desk_of_one(database_url: str) -> AsyncIterator[Desk]:
    """A desk whose stories all have the same connection."""
    settings = Settings(pool_size=1)
    engine = build_engine(database_url, settings)
    yield Desk(engine=engine, settings=settings, services=Services({}), clock=utc_now, origin=Origin(request_id="one"))
    await engine.dispose()


async def two_statements(work: Work) -> None:
    await work.read(text(AT_ONCE))
    await work.read(text(AT_ONCE))


async def is_left_open(desk: Desk) -> bool:
    """Whether the connection that comes next is in somebody else's transaction."""
    db = await Connection.of(desk.engine)
    await db.ask(text(AT_ONCE))
    # Whoever is in a transaction has to keep it.
    is_open = not db.lend()
    db.close()
    return is_open


@pytest.mark.parametrize("times", [1, 2])
async def test_a_transaction_that_is_given_up_at_any_moment_is_over(desk_of_one: Desk, times: int) -> None:
    left_open = []
    for steps in range(60):
        running = asyncio.create_task(desk_of_one.run_in_transaction(two_statements))
        for _ in range(steps):
            await asyncio.sleep(0)
        for _ in range(times):
            running.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(running, return_exceptions=True)
        left_open.append(await is_left_open(desk_of_one))

    assert left_open == [False] * 60
