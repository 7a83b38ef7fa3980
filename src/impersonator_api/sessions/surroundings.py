"""What sessions depend on, known by their tenants' revisions: then only the session itself is asked for."""

from collections.abc import Hashable
from datetime import datetime
from sys import intern
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from impersonator_api.directory import Client, KnownByRevision, Person, Role, Tenant
from impersonator_api.sessions.session import Session
from impersonator_api.sessions.snapshot import Around, BeforeStart, Ground, Live, Row

REMEMBERED: Final = 512
"""Sessions of this process."""

LARGEST_PROFILE: Final = 2048
"""Bytes of JSON; sessions of people with more attributes are read whole each time, so that memory has a bound."""

SHARED: Final = 256
"""Tenants, clients and roles that many sessions have in common."""

Shared = TypeVar("Shared", Tenant, Client, Role)
Who = TypeVar("Who", Person, Person | Client)


class Surroundings(KnownByRevision[UUID, Around]):
    """What each of the last sessions depends on."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)
        self._shared: dict[Hashable, Tenant | Client | Role] = {}

    def keep(self, live: Live, now: datetime) -> None:
        """Remember it, where it is not too large."""
        if _profile_size(live) > LARGEST_PROFILE:
            self.forget(live.session.id)
            return
        around = Around(
            tenant=self._one_of(live.tenant.id, live.tenant),
            impersonator=self._sparing(live.impersonator),
            target=self._sparing(live.target),
            client=self._one_of(live.client.id, live.client),
            consent=live.consent,
            workspace=live.workspace,
            policy=_lean(live.policy),
        )
        self.put(live.session.id, around, revision=live.tenant.revision, now=now)

    def find_live(self, session: Session, revision: int, also: Row) -> Live | None:
        """The session as it is now, in what it depended on at that revision; `also` is what else was asked."""
        around = self.find(session.id, revision)
        if around is None:
            return None
        return Live(
            session=session,
            tenant=around.tenant,
            impersonator=around.impersonator,
            target=around.target,
            client=around.client,
            consent=around.consent,
            workspace=around.workspace,
            policy=around.policy,
            also=also,
        )

    def _sparing(self, who: Who) -> Who:
        """The same one, with roles that all who hold them have in common."""
        if isinstance(who, Person):
            return replace(who, roles=tuple([self._one_of(role, role) for role in who.roles]))
        return who

    def _one_of(self, key: Hashable, thing: Shared) -> Shared:
        """The same thing for all sessions that have it in common, not one for each."""
        known = self._shared.get(key)
        if known == thing:
            return known
        if len(self._shared) >= SHARED:
            self._shared.clear()
        self._shared[key] = thing
        return thing


class Grounds(KnownByRevision[tuple[UUID, str], Ground]):
    """What the last starts stood on, by the tenant's id and the client as they named it."""

    def __init__(self) -> None:
        super().__init__(SHARED)

    def keep(self, key: tuple[UUID, str], before: BeforeStart, now: datetime) -> None:
        """Remember it, where there is such a client."""
        if before.client is not None:
            self.put(key, Ground(before.client, _lean(before.policy)), revision=before.tenant.revision, now=now)


def _profile_size(live: Live) -> int:
    people = (each for each in (live.impersonator, live.target) if isinstance(each, Person))
    return sum(len(msgspec.json.encode(each.profile)) for each in people)


def _lean(policy: Row | None) -> Row | None:
    """Likewise its text."""
    return None if policy is None else {**policy, "document": intern(policy["document"])}
