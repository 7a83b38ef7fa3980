"""A crowd at the pool: whom it can serve in time waits, all others are told at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from time import monotonic

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from impersonator_api.database import DatabaseAwayError, build_engine
from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Origin, Services, Work, utc_now

NAP = "SELECT 1 FROM pg_sleep(:seconds)"


async def nap(work: Work, *, seconds: float = 0.05) -> float:
    await work.read(text(NAP).bindparams(seconds=seconds))
    return monotonic()


@pytest.fixture
async def small(database_url: str) -> AsyncIterator[Desk]:
    """A desk with two connections, for which nobody waits longer than a second."""
    settings = Settings(pool_size=2, pool_timeout=timedelta(seconds=1))
    engine = build_engine(database_url, settings)
    yield Desk(engine=engine, settings=settings, services=Services({}), clock=utc_now, origin=Origin(request_id="pool"))
    await engine.dispose()


async def refused_after(desk: Desk) -> float | None:
    """How long somebody waited in vain."""
    began = monotonic()
    try:
        await desk.run(nap)
    except DatabaseAwayError:
        return monotonic() - began
    return None


async def test_who_comes_to_a_crowd_is_refused_at_once(small: Desk) -> None:
    async with asyncio.TaskGroup() as group:
        crowd = [group.create_task(refused_after(small)) for _ in range(200)]
        await asyncio.sleep(0.7)
        late = await asyncio.gather(*(refused_after(small) for _ in range(100)))

    assert all(waited is not None and waited < 0.2 for waited in late)
    assert 20 <= [task.result() for task in crowd].count(None) <= 60


async def test_a_crowd_that_can_be_served_in_time_is_served(small: Desk) -> None:
    waited = await asyncio.gather(*(refused_after(small) for _ in range(20)))

    assert waited == [None] * 20


async def test_after_the_crowd_nobody_is_refused(small: Desk) -> None:
    await asyncio.gather(*(refused_after(small) for _ in range(200)))

    waited = await asyncio.gather(*(refused_after(small) for _ in range(10)))

    assert waited == [None] * 10


async def processes_of(engine: AsyncEngine) -> int:
    async with engine.connect() as db:
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%' AND state = 'active'"
        return int((await db.execute(text(f"{sleeping} AND pid <> pg_backend_pid()"))).scalar_one())


async def test_a_statement_whose_request_was_given_up_is_cancelled_and_its_connection_good(
    small: Desk, engine: AsyncEngine
) -> None:
    given_up = [asyncio.create_task(small.run(nap, seconds=4)) for _ in range(2)]
    await asyncio.sleep(0.3)
    for task in given_up:
        task.cancel()
    ended = await asyncio.gather(*given_up, return_exceptions=True)

    waited = await asyncio.gather(*(refused_after(small) for _ in range(10)))

    assert [type(each) for each in ended] == [asyncio.CancelledError] * 2
    assert waited == [None] * 10
    assert await processes_of(engine) == 0


SLOW = {"statement_timeout": "SELECT pg_sleep(3)", "lock_timeout": "SELECT pg_advisory_lock(4711)"}


@pytest.mark.parametrize("bound", SLOW)
async def test_what_takes_too_long_is_stopped_and_its_connection_good(
    small: Desk, engine: AsyncEngine, bound: str
) -> None:
    async def too_slow(work: Work) -> None:
        await work.read(text(f"SET {bound} = '200ms'"))
        await work.read(text(SLOW[bound]))

    async with engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_xact_lock(4711)"))
        with pytest.raises(DatabaseAwayError):
            await small.run(too_slow)

    assert await refused_after(small) is None
