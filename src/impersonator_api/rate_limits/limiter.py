"""What is counted under which key, wherever the counts are kept."""

from asyncio import gather, timeout
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

import structlog
from limits import RateLimitItem
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from impersonator_api.rate_limits.own import Lately, OwnCounts, Seconds

if TYPE_CHECKING:
    from impersonator_api.rate_limits.shared import SharedCounts

PAUSE = 5.0
"""Seconds between two attempts to reach a shared storage that was away."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Something that is counted: how often it may happen, and the key that tells it from all else."""

    rate: Sequence[RateLimitItem]
    key: str


Question = Callable[[FixedWindowRateLimiter, Tally], Awaitable[float | None]]
"""When a tally is free again, in seconds since the epoch; `None` where it is."""


class RateLimiter:
    """Counts in windows that begin with the first count, so that their end, and `Retry-After`, is exactly known.

    While the shared storage is away each process counts by itself: a limit is no right, so nobody is turned away
    for it, and nobody is let go uncounted (ADR 0016).
    """

    def __init__(
        self, clock: Seconds, *, shared: "SharedCounts | None" = None, patience: timedelta = timedelta(0)
    ) -> None:
        """`patience` is how long a shared storage may take for an answer, connecting included."""
        self._clock = clock
        self._patience = patience.total_seconds()
        self._own = FixedWindowRateLimiter(OwnCounts(clock))
        self._lately = Lately(clock)
        self._storage = shared
        self._shared = FixedWindowRateLimiter(shared) if shared else None
        self._asked_again_at: float | None = None

    def note(self, place: str, seconds: int) -> None:
        """Something is counted there, for so many seconds at most."""
        self._lately.note(place, seconds)

    def may_wait_at(self, place: str) -> bool:
        """Whether somebody there may have to wait; known without asking only where counts are kept here."""
        return self._shared is not None or self._lately.knows(place)

    async def find_wait(self, *tallies: Tally) -> int | None:
        """Seconds until all of these may happen again; `None` where they may happen now."""
        return await self._ask(_find_end, tallies)

    async def count(self, *tallies: Tally) -> int | None:
        """Count one on each; `None`, or the wait where that was more than may be."""
        return await self._ask(_count, tallies)

    async def reaches_storage(self) -> bool:
        """Whether the shared storage answers; memory always does."""
        try:
            async with timeout(self._patience):
                return self._storage is None or await self._storage.check()
        except TimeoutError:
            return False

    async def aclose(self) -> None:
        """Let the shared storage go."""
        if self._storage is not None:
            await self._storage.aclose()

    async def _ask(self, question: Question, tallies: Sequence[Tally]) -> int | None:
        if not tallies:
            return None
        if self._shared is None or not self._may_ask():
            # Nothing in memory is worth waiting for, so one after the other is the fastest.
            return self._longest([await question(self._own, tally) for tally in tallies])
        try:
            async with timeout(self._patience):
                # All at once: one round trip.
                ends = await gather(*(question(self._shared, tally) for tally in tallies))
        except (StorageError, TimeoutError) as error:
            self._note_away(error)
            return self._longest([await question(self._own, tally) for tally in tallies])
        self._note_back()
        return self._longest(ends)

    def _longest(self, ends: Sequence[float | None]) -> int | None:
        waits = [end - self._clock() for end in ends if end is not None]
        return max(1, ceil(max(waits))) if waits else None

    def _may_ask(self) -> bool:
        if self._asked_again_at is None:
            return True
        if self._clock() < self._asked_again_at:
            return False
        # One request finds out for all.
        self._asked_again_at = self._clock() + PAUSE
        return True

    def _note_away(self, error: StorageError | TimeoutError) -> None:
        if self._asked_again_at is None:
            # Only its kind: the words may quote the address with its password.
            reason = type(getattr(error, "storage_error", error)).__name__
            structlog.get_logger().warning("rate limit storage away; each process counts by itself", reason=reason)
        self._asked_again_at = self._clock() + PAUSE

    def _note_back(self) -> None:
        if self._asked_again_at is not None:
            structlog.get_logger().info("rate limit storage back")
        self._asked_again_at = None


async def _find_end(limiter: FixedWindowRateLimiter, tally: Tally) -> float | None:
    full = [item for item in tally.rate if not await limiter.test(item, tally.key)]
    return await _end_of(limiter, full, tally.key)


async def _count(limiter: FixedWindowRateLimiter, tally: Tally) -> float | None:
    full = [item for item in tally.rate if not await limiter.hit(item, tally.key)]
    return await _end_of(limiter, full, tally.key)


async def _end_of(limiter: FixedWindowRateLimiter, full: Sequence[RateLimitItem], key: str) -> float | None:
    ends = [(await limiter.get_window_stats(item, key)).reset_time for item in full]
    return max(ends, default=None)
