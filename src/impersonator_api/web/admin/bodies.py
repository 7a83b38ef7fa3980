"""What the admin API takes and answers (seed 002, with our extras)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from typing_extensions import TypedDict

from impersonator_api.policy import Mode
from impersonator_api.sessions import (
    Ended,
    EndReason,
    Filters,
    ImpersonatorKind,
    Listed,
    Page,
    SessionStatus,
    Summary,
)
from impersonator_api.web.identifiers import read_uuid
from impersonator_api.web.instants import Instant

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class EndBody(BaseModel):
    """Which session to end; left out: the caller's only one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    session_id: str | None = None

    def id(self) -> UUID | None:
        """The id; raises 400 for what cannot be one."""
        return None if self.session_id is None else read_uuid(self.session_id)


class SessionSummary(TypedDict):
    """One session as lists show it."""

    id: UUID
    impersonator_id: UUID
    impersonator_email: str | None
    target_user_id: UUID
    target_user_email: str | None
    reason: str | None
    started_at: datetime
    ended_at: datetime | None
    is_active: bool
    duration_seconds: int
    status: SessionStatus
    impersonator_kind: ImpersonatorKind
    impersonator_label: str
    target_label: str
    client_id: str
    workspace: str | None
    mode: Mode
    permissions: list[str] | None
    ticket: str | None
    expires_at: datetime
    end_reason: EndReason | None
    ended_by: str | None
    rule: str
    policy_version: int
    metadata: Mapping[str, Any]


def summary_of(listed: Listed, now: datetime) -> SessionSummary:
    """A session as of now: one that is overdue has ended, whether or not somebody wrote it down."""
    session, is_running = listed.session, listed.session.is_running(now)
    is_overdue = session.status is SessionStatus.ACTIVE and not is_running
    return {
        "id": session.id,
        "impersonator_id": session.impersonator_id,
        "impersonator_email": session.impersonator_email,
        "target_user_id": session.target_id,
        "target_user_email": session.target_email,
        "reason": session.reason,
        "started_at": session.started_at,
        "ended_at": session.expires_at if is_overdue else session.ended_at,
        "is_active": is_running,
        "duration_seconds": int(session.lasted(now).total_seconds()),
        "status": SessionStatus.ENDED if is_overdue else session.status,
        "impersonator_kind": session.impersonator_kind,
        "impersonator_label": session.impersonator_label,
        "target_label": session.target_label,
        "client_id": listed.client_label,
        "workspace": listed.workspace,
        "mode": session.mode,
        "permissions": None if session.permissions is None else sorted(session.permissions),
        "ticket": session.ticket,
        "expires_at": session.expires_at,
        "end_reason": EndReason.EXPIRED if is_overdue else session.end_reason,
        "ended_by": session.ended_by,
        "rule": session.rule,
        "policy_version": session.policy_version,
        "metadata": session.metadata,
    }


class EndAnswer(TypedDict):
    """The session that is over."""

    success: Literal[True]
    message: str
    session_id: UUID
    duration_seconds: int


def end_answer(ended: Ended) -> EndAnswer:
    """The answer to an end."""
    return {
        "success": True,
        "message": "Impersonation session ended successfully",
        "session_id": ended.session_id,
        "duration_seconds": int(ended.lasted.total_seconds()),
    }


class ListQuery(BaseModel):
    """The filters of a list; an unknown one is refused, because a page that ignores it would mislead."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    impersonator: Name | None = Field(None, description="Id or external id of a user, or a client_id.")
    target: Name | None = Field(None, description="Id or external id of a user.")
    client: Name | None = Field(None, description="A client_id.")
    status: SessionStatus | None = None
    started_from: Instant | None = Field(None, alias="from", description="Started at or after.")
    started_to: Instant | None = Field(None, alias="to", description="Started before.")
    q: Name | None = Field(None, description="The beginning of either e-mail address, or a whole ticket.")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=64, description="From the `Link` header; never made by hand.")

    def filters(self) -> Filters:
        """What to look for, in the words of the domain."""
        return Filters(
            impersonator=self.impersonator,
            target=self.target,
            client=self.client,
            status=self.status,
            started_from=self.started_from,
            started_to=self.started_to,
            q=self.q,
        )

    def as_sent(self) -> dict[str, str | None]:
        """The filters for a cursor and its link, without limit and cursor."""
        sent = self.model_dump(mode="json", by_alias=True, exclude={"limit", "cursor"}, exclude_none=True)
        return {name: str(value) for name, value in sent.items()}


class ListAnswer(TypedDict):
    """One page, newest first. `total_count` is exact up to 10 000."""

    sessions: list[SessionSummary]
    total_count: int
    total_is_capped: bool


def list_answer(page: Page[Summary]) -> Mapping[str, object]:
    """The answer of a list, in these members: its rows came as they are sent."""
    return {"sessions": page.sessions, "total_count": page.total, "total_is_capped": page.is_capped}
