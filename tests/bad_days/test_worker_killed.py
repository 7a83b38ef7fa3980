"""SIGKILL of a worker in the middle of requests: the parent replaces it, and nothing that was answered is lost."""

import asyncio
import os
import signal
import time

from sqlalchemy.ext.asyncio import AsyncEngine

from bad_days.conftest import Serve, Tell, Town
from bad_days.serving import Serving, until
from bad_days.whole import wrong_in

ROUNDS = 2
MOST_ROUNDS = 8
"""A kill may meet a worker between two requests; so many in a row do not."""

SECONDS_TO_REPLACE = 30
"""The parent looks twice a second; a worker imports, connects, opens its keys: on a busy machine that takes a while."""


async def replaced(service: Serving, victim: int) -> None:
    """Kill one of two workers; return when another one has taken its place."""
    ready = service.ready
    os.kill(victim, signal.SIGKILL)
    await until(
        lambda: service.ready > ready and victim not in service.workers,
        "the parent did not replace the worker",
        seconds=SECONDS_TO_REPLACE,
    )


async def test_a_killed_worker_is_replaced_and_loses_nothing_it_answered(
    serve: Serve, town: Town, owner: AsyncEngine, tell: Tell
) -> None:
    async with serve(workers=2) as service:
        crowd = town.crowd(service)
        async with crowd.at_work() as seen:
            for number in range(MOST_ROUNDS):
                await asyncio.sleep(0.7 + number / 100)
                await replaced(service, service.workers[number % 2])
                if number + 1 >= ROUNDS and seen.lost:
                    break
            await crowd.all_answered_since(time.monotonic(), seconds=10)
    tell(seen.words)

    assert len(seen.started) > 10 * ROUNDS
    assert seen.lost
    assert not seen.refused, seen.kinds
    assert await wrong_in(owner, seen) == {}


async def test_while_a_worker_is_replaced_the_other_answers(serve: Serve, town: Town) -> None:
    async with serve(workers=2) as service:
        crowd = town.crowd(service)
        async with crowd.at_work():
            await asyncio.sleep(0.5)
            os.kill(service.workers[0], signal.SIGKILL)

            await crowd.all_answered_since(time.monotonic(), seconds=3)
