"""PostgreSQL killed or restarted under load: honest answers meanwhile, and back by itself in a moment."""

import asyncio
import os
import signal
import time

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bad_days.cluster import Cluster
from bad_days.conftest import Serve, Tell, Town
from bad_days.crowd import Crowd, refused_honestly
from bad_days.whole import wrong_in

SECONDS_TO_RECOVER = 5.0

WORKING = """SELECT pid FROM pg_stat_activity WHERE application_name = 'impersonator' AND state = 'active'
             AND query ~* '^ *with' ORDER BY random() LIMIT 1"""


async def recovered(crowd: Crowd) -> float:
    """PostgreSQL takes connections from now on: seconds until everybody was answered and nobody refused any more."""
    began = time.monotonic()
    await crowd.all_answered_since(began, seconds=SECONDS_TO_RECOVER)
    await asyncio.sleep(0.5)
    return max([0.0, *(each.at - began for each in crowd.seen.unanswered)])


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_postgres_restarted_under_load_is_told_and_forgotten_in_seconds(
    serve: Serve, town: Town, owner: AsyncEngine, cluster: Cluster, mode: str, tell: Tell
) -> None:
    async with serve() as service:
        crowd = town.crowd(service)
        async with crowd.at_work() as seen:
            await asyncio.sleep(1)
            await cluster.restart(mode)
            seconds = await recovered(crowd)
    tell(f"last error {seconds:.2f} s after PostgreSQL took connections; {seen.words}")

    assert seconds < SECONDS_TO_RECOVER
    assert seen.refused
    refused_honestly(seen)
    assert await wrong_in(owner, seen) == {}


async def test_postgres_killed_under_load_keeps_everything_that_was_answered(
    serve: Serve, town: Town, owner: AsyncEngine, cluster: Cluster, tell: Tell
) -> None:
    async with serve() as service:
        crowd = town.crowd(service)
        async with crowd.at_work() as seen:
            for number in range(3):
                await asyncio.sleep(0.6 + number / 50)
                await cluster.kill()
                await asyncio.sleep(0.3)
                await cluster.start()
                seconds = await recovered(crowd)
                assert seconds < SECONDS_TO_RECOVER
                tell(f"last error {seconds:.2f} s after PostgreSQL took connections; {seen.words}")

    assert len(seen.started) > 20
    refused_honestly(seen)
    assert await wrong_in(owner, seen) == {}


async def test_a_backend_killed_in_the_middle_of_a_statement_takes_nothing_with_it(
    serve: Serve, town: Town, owner: AsyncEngine, tell: Tell
) -> None:
    async with serve() as service:
        crowd = town.crowd(service)
        async with crowd.at_work() as seen:
            await asyncio.sleep(0.6)
            os.kill(await somebody_working(owner), signal.SIGKILL)
            await asyncio.sleep(1)
            seconds = await recovered(crowd)
    tell(seen.words)

    assert seconds < SECONDS_TO_RECOVER
    assert seen.refused
    refused_honestly(seen)
    assert await wrong_in(owner, seen) == {}


async def somebody_working(owner: AsyncEngine) -> int:
    """The process of a connection that is in the middle of one of the service's statements."""
    # Within one transaction PostgreSQL would always give the same answer.
    each = owner.execution_options(isolation_level="AUTOCOMMIT")
    async with asyncio.timeout(10), each.connect() as db:
        while True:
            pid = (await db.execute(text(WORKING))).scalar_one_or_none()
            if pid is not None:
                return int(pid)


async def test_without_postgres_it_lives_says_so_and_comes_back(
    serve: Serve, town: Town, owner: AsyncEngine, cluster: Cluster
) -> None:
    async with serve() as service:
        await cluster.kill()
        live, ready = await service.ask("/health/live"), await service.ask("/health/ready")
        await cluster.start()
        crowd = town.crowd(service)
        async with crowd.at_work() as seen:
            seconds = await recovered(crowd)

    assert (live.status, ready.status) == (200, 503)
    assert ready.headers["retry-after"]
    assert seconds < SECONDS_TO_RECOVER
    assert await wrong_in(owner, seen) == {}
