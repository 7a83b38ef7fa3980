"""Every connection waits for a lock that somebody else holds: who comes is told soon, and all go on after it."""

import asyncio
import time

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bad_days.conftest import Serve, Tell, Town
from bad_days.crowd import refused_honestly
from bad_days.serving import Serving
from bad_days.whole import wrong_in

LITTLE_PATIENCE = {"POOL_SIZE": "4", "POOL_TIMEOUT": "PT0.5S", "LOCK_TIMEOUT": "PT1S", "STATEMENT_TIMEOUT": "PT2S"}

BOUND = 2 * (0.5 + 1.0) + 1.5
"""Seconds: a door asks at most twice, each time for a connection and then for the lock; and a busy machine's part."""

LOCK = "LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE"
"""Every door asks for its tenant. Two tables would be a deadlock with whatever locks them the other way round."""


async def slowest_sign_of_life(service: Serving) -> float:
    """Seconds that the slowest of many answers took that need no database."""
    slowest = 0.0
    for _ in range(40):
        began = time.monotonic()
        assert (await service.ask("/health/live")).status == 200
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(0.05)
    return slowest


async def test_a_lock_from_outside_is_told_in_time_and_over_when_it_is_gone(
    serve: Serve, town: Town, owner: AsyncEngine, tell: Tell
) -> None:
    async with serve(settings=LITTLE_PATIENCE) as service:
        crowd = town.crowd(service)
        async with crowd.at_work() as seen, owner.connect() as db:
            await asyncio.sleep(0.5)
            await db.execute(text(LOCK))
            slowest = await slowest_sign_of_life(service)
            await db.rollback()
            await crowd.all_answered_since(time.monotonic(), seconds=BOUND)
    tell(f"/health/live at most after {slowest:.2f} s; {seen.words}")

    assert slowest < 1
    assert len(seen.refused) > len(town.people)
    assert max(each.seconds for each in seen.refused) < BOUND
    refused_honestly(seen)
    assert await wrong_in(owner, seen) == {}
