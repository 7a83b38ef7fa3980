"""The entrance driven by time: what must be written down or renewed though nobody asks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import BigInteger, Select, func, select, type_coerce

from impersonator_api import history, metrics, sessions, tokens
from impersonator_api.errors import ServiceError
from impersonator_api.questions import Column, part
from impersonator_api.tokens import KeyRing
from impersonator_api.work import Desk, Work

log = structlog.get_logger()

HOUR = timedelta(hours=1)

AGAIN = timedelta(minutes=1)
"""After a failure, where a duty is not due sooner anyway."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do again and again. `lock` makes one process at a time do it; without one, each does."""

    name: str
    every: timedelta
    lock: int | None
    story: Callable[[Work], Awaitable[object]]


async def refresh_keys(work: Work) -> None:
    """Learn of rotated keys."""
    await work.get(KeyRing).refresh(work)


DUTIES = (
    Duty("refresh keys", timedelta(seconds=5), None, refresh_keys),
    Duty("expire overdue sessions", timedelta(seconds=5), 0x1A9E51, sessions.expire_overdue),
    Duty("rotate keys", HOUR, 0x1A9E54, tokens.rotate_due_keys),
    Duty("drop retired keys", HOUR, 0x1A9E52, tokens.drop_retired_keys),
    Duty("drop hand-over codes", HOUR, 0x1A9E56, tokens.drop_handover_codes),
    Duty("drop idempotency keys", HOUR, 0x1A9E57, sessions.drop_idempotency_keys),
    Duty("forget used ids", timedelta(seconds=30), 0x1A9E55, tokens.forget_used_ids),
    Duty("make partitions", HOUR, 0x1A9E53, history.make_months),
)


async def run_duties(desk: Desk, *, stop: asyncio.Event, duties: Sequence[Duty] = DUTIES) -> None:
    """Do every duty whenever it is due, until told to stop; a duty that fails is logged and tried again."""
    # By a clock that nobody sets: one that is put back must not keep a withdrawn key in use for as long.
    monotonic = asyncio.get_running_loop().time
    due_at = dict.fromkeys(duties, monotonic())
    for duty in duties:
        metrics.duty_scheduled(duty.name, duty.every.total_seconds())
    while not stop.is_set():
        for duty in duties:
            if due_at[duty] <= monotonic():
                pause = duty.every if await _is_done(desk, duty) else min(duty.every, AGAIN)
                due_at[duty] = monotonic() + pause.total_seconds()
        try:
            await asyncio.wait_for(stop.wait(), desk.settings.worker_interval.total_seconds())
        except TimeoutError:
            continue


async def run_once(desk: Desk) -> dict[str, object]:
    """Every duty once, for `impersonator work --once` and for tests; a failure is the caller's to see."""
    return {duty.name: await desk.run_in_transaction(_alone, duty) for duty in DUTIES}


async def _is_done(desk: Desk, duty: Duty) -> bool:
    try:
        done = await desk.run_in_transaction(_alone, duty)
    except ServiceError as error:
        log.warning("duty failed", duty=duty.name, code=error.code)
    # A duty's bug must not stop the others; this is the one place that catches broadly.
    except Exception:
        log.exception("duty failed", duty=duty.name)
    else:
        if done:
            log.info("duty done", duty=duty.name, count=done)
        metrics.duty_done(duty.name, at=desk.clock().timestamp())
        return True
    metrics.duty_failed(duty.name)
    return False


async def _alone(work: Work, duty: Duty) -> object:
    """Run the duty where no other process is at it; the lock ends with the transaction."""
    if duty.lock is not None:
        free = await work.read(part(_lock, lock=duty.lock))
        if not free.scalar_one():
            return None
    return await duty.story(work)


def _lock(lock: Column) -> Select[Any]:
    return select(func.pg_try_advisory_xact_lock(type_coerce(lock, BigInteger)))
