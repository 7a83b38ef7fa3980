"""What sessions depend on, kept by this process for a minute, for as long as their tenants stay as they are.

A tenant's revision rises with every change (ADR 0013), so it names one state of all that sessions depend on. Where that
was read under the revision which the tenant still has, the session and that number are all that need be asked for.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from sys import intern
from typing import Final
from uuid import UUID

import msgspec

from impersonator_api.directory import Person
from impersonator_api.sessions.snapshot import Live, Row

REMEMBERED: Final = 1024
"""Sessions of this process."""

LARGEST_PROFILE: Final = 2048
"""Bytes of JSON; sessions of people with more attributes are read whole each time, so that memory has a bound."""

KEPT_FOR: Final = timedelta(minutes=1)
"""After a failover that lost changes, or a write past the service, the same number may name another state."""


class Surroundings:
    """What each of the last sessions depends on; it decides nothing, a revision that was not asked for is no answer."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[Live, datetime]] = {}

    def know(self, session_id: UUID, now: datetime) -> bool:
        """Whether it is worth asking for the session and the revision alone."""
        _, kept_at = self._known.get(session_id, (None, None))
        return kept_at is not None and timedelta(0) <= now - kept_at < KEPT_FOR

    def find(self, session_id: UUID, revision: int) -> Live | None:
        """The session as it was when the tenant had that revision; what was kept under another one is forgotten."""
        known = self._known.pop(session_id, None)
        if known is None or known[0].tenant.revision != revision:
            return None
        # Whoever was not asked for the longest is forgotten first.
        self._known[session_id] = known
        return known[0]

    def keep(self, live: Live, now: datetime) -> None:
        """Remember it."""
        self._known.pop(live.session.id, None)
        if _profile_size(live) > LARGEST_PROFILE:
            return
        self._known[live.session.id] = (replace(live, policy=_lean(live.policy), also={}), now)
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


def _profile_size(live: Live) -> int:
    people = (each for each in (live.impersonator, live.target) if isinstance(each, Person))
    return sum(len(msgspec.json.encode(each.profile)) for each in people)


def _lean(policy: Row | None) -> Row | None:
    """The same text for all sessions of a tenant, not one for each."""
    return None if policy is None else {**policy, "document": intern(policy["document"])}
