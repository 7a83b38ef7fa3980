"""What sessions depend on, known by their tenants' revisions: then only the session itself is asked for."""

from dataclasses import dataclass, replace
from datetime import datetime
from sys import intern
from typing import Final, Self, TypeVar
from uuid import UUID

import msgspec

from impersonator_api.directory import Client, Consent, KnownByRevision, Person, Tenant, Workspace
from impersonator_api.sessions.session import Session
from impersonator_api.sessions.snapshot import Live, Row

REMEMBERED: Final = 1024
"""Sessions of this process."""

LARGEST_PROFILE: Final = 2048
"""Bytes of JSON; sessions of people with more attributes are read whole each time, so that memory has a bound."""

SHARED: Final = 256
"""Tenants and clients that many sessions have in common."""

T = TypeVar("T", Tenant, Client)


@dataclass(frozen=True, slots=True)
class Around:
    """Everything of a running session but the session itself."""

    tenant: Tenant
    impersonator: Person | Client
    target: Person
    client: Client
    consent: Consent | None
    workspace: Workspace | None
    policy: Row | None

    @classmethod
    def of(cls, live: Live) -> Self:
        """What is around that session."""
        return cls(
            tenant=live.tenant,
            impersonator=live.impersonator,
            target=live.target,
            client=live.client,
            consent=live.consent,
            workspace=live.workspace,
            policy=live.policy,
        )

    def live(self, session: Session, also: Row) -> Live:
        """The session as it is now, in these surroundings; `also` is what else was asked."""
        return Live(
            session=session,
            tenant=self.tenant,
            impersonator=self.impersonator,
            target=self.target,
            client=self.client,
            consent=self.consent,
            workspace=self.workspace,
            policy=self.policy,
            also=also,
        )


class Surroundings(KnownByRevision[UUID, Around]):
    """What each of the last sessions depends on."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)
        self._shared: dict[UUID, Tenant | Client] = {}

    def keep(self, live: Live, now: datetime) -> None:
        """Remember it, where it is not too large."""
        if _profile_size(live) > LARGEST_PROFILE:
            self.forget(live.session.id)
            return
        lean = replace(
            Around.of(live),
            tenant=self._one_of(live.tenant),
            client=self._one_of(live.client),
            policy=_lean(live.policy),
        )
        self.put(live.session.id, lean, revision=live.tenant.revision, now=now)

    def _one_of(self, thing: T) -> T:
        """The same thing for all sessions that have it in common, not one for each."""
        known = self._shared.get(thing.id)
        if known == thing:
            return known
        if len(self._shared) >= SHARED:
            self._shared.clear()
        self._shared[thing.id] = thing
        return thing


def _profile_size(live: Live) -> int:
    people = (each for each in (live.impersonator, live.target) if isinstance(each, Person))
    return sum(len(msgspec.json.encode(each.profile)) for each in people)


def _lean(policy: Row | None) -> Row | None:
    """Likewise its text."""
    return None if policy is None else {**policy, "document": intern(policy["document"])}
