"""What one audit entry says."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field


class Action(StrEnum):
    """What happened. The words are stable: people search for them years later."""

    STARTED = "session.started"
    REFRESHED = "session.refreshed"
    HANDED_OVER = "session.handed_over"
    EXCHANGED = "session.exchanged"
    ENDED = "session.ended"
    EXPIRED = "session.expired"
    REFUSED = "session.refused"
    REPLAYED = "token.replayed"
    CALLER_REFUSED = "caller.refused"
    REALM_APPLIED = "realm.applied"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    HISTORY_DROPPED = "history.dropped"


class Entry(Struct, frozen=True):
    """Both identities in every entry that has them, named as they were at the time."""

    action: Action
    tenant_id: UUID
    session_id: UUID | None = None
    impersonator_kind: str | None = None
    impersonator_id: UUID | None = None
    impersonator_label: str | None = None
    target_id: UUID | None = None
    target_label: str | None = None
    client_id: str | None = None
    reason: str | None = None
    ticket: str | None = None
    rule: str | None = None
    policy_version: int | None = None
    code: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
