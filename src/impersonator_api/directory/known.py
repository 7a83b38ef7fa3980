"""What was read of a tenant, kept by this process for a minute, for as long as the tenant stays as it is.

A tenant's revision rises with every change (ADR 0013), so it names one state of all that the tenant is. Where
something was read under the revision which the tenant still has, that number is all that need be asked for.
"""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

KEPT_FOR: Final = timedelta(minutes=1)
"""After a failover that lost changes, or a write past the service, the same number may name another state."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class KnownByRevision(Generic[K, V]):
    """The last things of one kind; they decide nothing, a revision that was not asked for is no answer."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._known: dict[K, tuple[V, object, datetime]] = {}

    def know(self, key: K, now: datetime) -> bool:
        """Whether it is worth asking for the revision alone."""
        known = self._known.get(key)
        return known is not None and known[2] <= now < known[2] + KEPT_FOR

    def last(self, key: K) -> V | None:
        """The thing as it was when it was read, whatever became of it since: a guess, and no more."""
        known = self._known.get(key)
        return None if known is None else known[0]

    def find(self, key: K, revision: object) -> V | None:
        """The thing as it was when the tenant had that revision; what was kept under another one is forgotten."""
        known = self._known.pop(key, None)
        if known is None or known[1] != revision:
            return None
        # What was not asked for the longest is forgotten first.
        self._known[key] = known
        return known[0]

    def put(self, key: K, value: V, *, revision: object, now: datetime) -> None:
        """Remember it."""
        self._known.pop(key, None)
        self._known[key] = (value, revision, now)
        while len(self._known) > self._at_most:
            del self._known[next(iter(self._known))]

    def forget(self, key: K) -> None:
        """Ask for it the next time."""
        self._known.pop(key, None)
