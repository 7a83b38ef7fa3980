"""An impersonation session as stories and doors see it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from impersonator_api.policy import Mode, Rights


class SessionStatus(StrEnum):
    """Where a session is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a session is over; there is exactly one."""

    STOPPED = "stopped"
    REPLACED = "replaced"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REFRESH_REPLAYED = "refresh_replayed"
    IMPERSONATOR_CHANGED = "impersonator_changed"
    TARGET_CHANGED = "target_changed"
    CLIENT_CHANGED = "client_changed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    POLICY_CHANGED = "policy_changed"
    TENANT_OPT_OUT = "tenant_opt_out"
    KILL_SWITCH = "kill_switch"


class ImpersonatorKind(StrEnum):
    """Whether a person or a service acts."""

    USER = "user"
    CLIENT = "client"


class Session(Struct, frozen=True):
    """One impersonation: who, as whom, in which client, why, how far and how long."""

    id: UUID
    tenant_id: UUID
    impersonator_kind: ImpersonatorKind
    impersonator_id: UUID
    impersonator_label: str
    impersonator_email: str | None
    impersonator_rank: int
    target_id: UUID
    target_label: str
    target_email: str | None
    target_rank: int
    client_id: UUID
    workspace_id: UUID | None
    mode: Mode
    rights: Rights
    permissions: frozenset[str] | None
    scopes: frozenset[str]
    reason: str | None
    ticket: str | None
    status: SessionStatus
    end_reason: EndReason | None
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    ip: str | None
    user_agent: str | None
    rule: str
    policy_version: int
    revision: int
    actor: Mapping[str, Any]
    metadata: Mapping[str, object]

    def is_running(self, now: datetime) -> bool:
        """Whether it is active and not overdue; the sweeper only writes down what this already says."""
        return self.status is SessionStatus.ACTIVE and self.expires_at > now

    def lasted(self, now: datetime) -> timedelta:
        """How long it has been, or was, alive; an overdue session lived until its expiry.

        Where a clock was put back it may be over before it began, and has not lived then.
        """
        return max((self.ended_at or min(now, self.expires_at)) - self.started_at, timedelta(0))
