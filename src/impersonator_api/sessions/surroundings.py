"""What sessions depend on, known by their tenants' revisions: then only the session itself is asked for."""

from datetime import datetime
from sys import intern
from typing import Final
from uuid import UUID

from impersonator_api.directory import InCommon, KnownByRevision, is_large
from impersonator_api.sessions.session import Session
from impersonator_api.sessions.snapshot import Around, BeforeStart, Ground, Live, Row

REMEMBERED: Final = 512
"""Sessions of this process."""

SHARED: Final = 256
"""Tenants, clients and roles that many sessions have in common."""


class Surroundings(KnownByRevision[UUID, Around]):
    """What each of the last sessions depends on."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)
        self._common = InCommon(SHARED)

    def keep(self, live: Live, now: datetime) -> None:
        """Remember it, where it is not too large."""
        if is_large(live.impersonator, live.target):
            self.forget(live.session.id)
            return
        common = self._common
        around = Around(
            tenant=common.one_of(live.tenant.id, live.tenant),
            impersonator=common.sparing(live.impersonator),
            target=common.sparing(live.target),
            client=common.one_of(live.client.id, live.client),
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


class Grounds(KnownByRevision[tuple[UUID, str], Ground]):
    """What the last starts stood on, by the tenant's id and the client as they named it."""

    def __init__(self) -> None:
        super().__init__(SHARED)

    def keep(self, key: tuple[UUID, str], before: BeforeStart, now: datetime) -> None:
        """Remember it, where there is such a client."""
        if before.client is not None:
            self.put(key, Ground(before.client, _lean(before.policy)), revision=before.tenant.revision, now=now)


def _lean(policy: Row | None) -> Row | None:
    """With one text for all that have the same."""
    return None if policy is None else {**policy, "document": intern(policy["document"])}
