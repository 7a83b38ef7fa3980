"""Counts that one process keeps for itself, and never more of them than it has room for."""

from collections.abc import Callable
from dataclasses import dataclass

from limits.aio.storage import Storage
from typing_extensions import override

Seconds = Callable[[], float]
"""A clock, in seconds since the epoch."""

MOST_KEYS = 50_000
"""About 10 MB. Who has the addresses to fill it makes us forget the oldest count, and never run out of memory."""


@dataclass(slots=True)
class Window:
    """How often, since the first time, and for how many seconds that counts."""

    began_at: float
    length: int
    count: int = 0

    @property
    def ends_at(self) -> float:
        """When it is forgotten."""
        return self.began_at + self.length


class OwnCounts(Storage):
    """A storage for `limits`, whose own one grows without bound and looks at every key after each count."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Seconds, *, most_keys: int = MOST_KEYS) -> None:
        super().__init__()
        self._clock = clock
        self._most_keys = most_keys
        self._windows: dict[str, Window] = {}

    def __len__(self) -> int:
        return len(self._windows)

    @property
    @override
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()

    @override
    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        window = self._running(key)
        if window is None:
            window = self._windows[key] = Window(self._clock(), expiry)
            self._forget_oldest()
        window.count += amount
        return window.count

    @override
    async def get(self, key: str) -> int:
        window = self._running(key)
        return window.count if window else 0

    @override
    async def get_expiry(self, key: str) -> float:
        window = self._running(key)
        return window.ends_at if window else self._clock()

    @override
    async def check(self) -> bool:
        return True

    @override
    async def reset(self) -> int | None:
        count = len(self._windows)
        self._windows.clear()
        return count

    @override
    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def _running(self, key: str) -> Window | None:
        window = self._windows.get(key)
        # A clock that was put back must not keep anybody waiting until it has caught up.
        if window is not None and not window.began_at <= self._clock() < window.ends_at:
            del self._windows[key]
            return None
        return window

    def _forget_oldest(self) -> None:
        # A dict keeps the order in which keys came, so the first is the one that began longest ago.
        if len(self._windows) > self._most_keys:
            del self._windows[next(iter(self._windows))]


class Lately:
    """Where something was counted lately; everywhere else there is nothing to look up."""

    def __init__(self, clock: Seconds, *, most_names: int = MOST_KEYS) -> None:
        self._clock = clock
        self._most_names = most_names
        self._until: dict[str, float] = {}

    def note(self, name: str, seconds: int) -> None:
        """Something is counted there, for so many seconds at most."""
        self._until.pop(name, None)
        self._until[name] = self._clock() + seconds
        if len(self._until) > self._most_names:
            del self._until[next(iter(self._until))]

    def knows(self, name: str) -> bool:
        """Whether there may still be a count."""
        until = self._until.get(name)
        return until is not None and self._clock() < until
