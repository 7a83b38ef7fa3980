"""What sessions depend on, kept by this process for as long as their tenants stay as they are.

A tenant's revision rises with every change (ADR 0013), so it names one state of all that sessions depend on. Where that
was read under the revision which the tenant still has, the session and that number are all that need be asked for.
"""

from dataclasses import replace
from sys import intern
from uuid import UUID

from impersonator_api.sessions.snapshot import Live, Row

REMEMBERED = 1024
"""Sessions of this process, each a few kilobytes; whoever is forgotten is read whole the next time."""


class Surroundings:
    """What each of the last sessions depends on; it decides nothing, a revision that was not asked for is no answer."""

    def __init__(self) -> None:
        self._known: dict[UUID, Live] = {}

    def know(self, session_id: UUID) -> bool:
        """Whether it is worth asking for the session and the revision alone."""
        return session_id in self._known

    def find(self, session_id: UUID, revision: int) -> Live | None:
        """The session as it was when the tenant had that revision; what was kept under another one is forgotten."""
        known = self._known.get(session_id)
        if known is None or known.tenant.revision == revision:
            return known
        del self._known[session_id]
        return None

    def keep(self, live: Live) -> None:
        """Remember it; the one that was read whole the longest ago is forgotten for it."""
        self._known.pop(live.session.id, None)
        self._known[live.session.id] = replace(live, policy=_lean(live.policy), also={})
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


def _lean(policy: Row | None) -> Row | None:
    """The same text for all sessions of a tenant, not one for each."""
    return None if policy is None else {**policy, "document": intern(policy["document"])}
