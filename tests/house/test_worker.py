"""The duties that time asks for, whatever the clock on the wall does."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from conftest import Clock
from impersonator_api.work import Desk, Work
from impersonator_api.worker import Duty, run_duties


async def test_a_clock_put_back_does_not_keep_duties_waiting(desk: Desk, clock: Clock) -> None:
    stop, done = asyncio.Event(), []

    async def put_back_the_clock(_work: Work) -> None:
        clock.forward(hours=-1)
        done.append(clock())
        if len(done) == 2:
            stop.set()

    hasty = replace(desk, settings=desk.settings.model_copy(update={"worker_interval": timedelta(milliseconds=1)}))
    duty = Duty("put back the clock", timedelta(milliseconds=1), None, put_back_the_clock)
    async with asyncio.timeout(10):
        await run_duties(hasty, stop=stop, duties=[duty])

    assert len(done) == 2
