"""What sessions depend on, known by their tenants' revisions: then only the session itself is asked for."""

from dataclasses import replace
from datetime import datetime
from sys import intern
from typing import Final
from uuid import UUID

import msgspec

from impersonator_api.directory import KnownByRevision, Person
from impersonator_api.sessions.snapshot import Live, Row

REMEMBERED: Final = 1024
"""Sessions of this process."""

LARGEST_PROFILE: Final = 2048
"""Bytes of JSON; sessions of people with more attributes are read whole each time, so that memory has a bound."""


class Surroundings(KnownByRevision[UUID, Live]):
    """What each of the last sessions depends on."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)

    def keep(self, live: Live, now: datetime) -> None:
        """Remember it, where it is not too large."""
        if _profile_size(live) > LARGEST_PROFILE:
            self.forget(live.session.id)
            return
        lean = replace(live, policy=_lean(live.policy), also={})
        self.put(live.session.id, lean, revision=live.tenant.revision, now=now)


def _profile_size(live: Live) -> int:
    people = (each for each in (live.impersonator, live.target) if isinstance(each, Person))
    return sum(len(msgspec.json.encode(each.profile)) for each in people)


def _lean(policy: Row | None) -> Row | None:
    """The same text for all sessions of a tenant, not one for each."""
    return None if policy is None else {**policy, "document": intern(policy["document"])}
