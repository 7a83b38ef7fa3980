"""Hour after hour: `make soak` takes 10 minutes for it, here it is some seconds."""

import time

from sqlalchemy.ext.asyncio import AsyncEngine

from bad_days.conftest import Serve, Tell, Town
from bad_days.soak import MEBIBYTE, entries_of
from bad_days.whole import wrong_in

WARMING = 3.0
"""Seconds at full speed, after which half of it is known."""

MOST_GROWTH = 8 * MEBIBYTE
"""In ten minutes; and as much at once, in a soak of some seconds that still warms up."""


async def test_at_half_load_memory_stays_flat_and_everything_is_counted_once(
    serve: Serve, town: Town, owner: AsyncEngine, soak_seconds: float, tell: Tell
) -> None:
    async with serve(settings={"LOG_LEVEL": "warning"}) as service:
        office = town.office()
        warm = await office.work(service, owner, rate=0, seconds=WARMING)
        began = time.monotonic()
        day = await office.work(service, owner, rate=warm.answers / WARMING / 2, seconds=soak_seconds)
        tell(day.table(time.monotonic() - began))

    seen = day.seen
    assert not warm.wrong + day.wrong, (warm.wrong + day.wrong)[:3]
    assert day.twice == 0
    assert max(day.growth * 600, 0) < MOST_GROWTH * max(1, 600 / soak_seconds)
    assert await wrong_in(owner, seen) == {}
    assert await entries_of(owner) == {
        "session.started": len(warm.seen.started) + len(seen.started),
        "session.refreshed": len(warm.seen.refreshed) + len(seen.refreshed),
        "session.ended": len(warm.seen.ended) + len(seen.ended),
    }
