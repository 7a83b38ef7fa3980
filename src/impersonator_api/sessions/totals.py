"""Which lists have more sessions than are counted: not every page has to count them all again to say so."""

from collections.abc import Hashable
from datetime import datetime, timedelta

KNOWN_FOR = timedelta(minutes=1)
"""How long a list may still say so after retention made it shorter."""

REMEMBERED = 1024
"""Lists of this process; the one that was counted the longest ago is forgotten first."""


class CappedTotals:
    """Lists, by whatever they were asked with, that were longer than is counted a moment ago."""

    def __init__(self) -> None:
        self._until: dict[Hashable, datetime] = {}

    def knows(self, asked: Hashable, now: datetime) -> bool:
        """Whether that list need not be counted."""
        until = self._until.get(asked)
        return until is not None and now < until

    def keep(self, asked: Hashable, now: datetime) -> None:
        """Remember that it was longer."""
        self._until.pop(asked, None)
        self._until[asked] = now + KNOWN_FOR
        while len(self._until) > REMEMBERED:
            del self._until[next(iter(self._until))]
