"""A session as one of many: what lists show of it, as of the moment they are asked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct

from impersonator_api.sessions.session import EndReason, SessionStatus


class Summary(Struct, rename={"target_id": "target_user_id", "target_email": "target_user_email"}):
    """A row of a list, which is sent as it is; called as on the wire, its words are those of the database's domains.

    An overdue session has ended, whether or not somebody wrote it down.
    """

    id: UUID
    impersonator_id: UUID
    impersonator_email: str | None
    target_id: UUID
    target_email: str | None
    reason: str | None
    started_at: datetime
    ended_at: datetime | None
    status: str
    impersonator_kind: str
    impersonator_label: str
    target_label: str
    client_id: str
    workspace: str | None
    mode: str
    permissions: list[str] | None
    ticket: str | None
    expires_at: datetime
    end_reason: str | None
    ended_by: str | None
    rule: str
    policy_version: int
    metadata: Raw
    is_active: bool = False
    duration_seconds: int = 0


TOLD = ("is_active", "duration_seconds")
"""What no column holds."""

COLUMNS = tuple(name for name in Summary.__struct_fields__ if name not in TOLD)


def summary_from(row: Mapping[str, Any], now: datetime) -> Summary:
    """The session in a row whose first columns are `COLUMNS`."""
    summary = Summary(*islice(row.values(), len(COLUMNS)))
    # The text of a document that is passed on as it is.
    summary.metadata = Raw(row["metadata"])
    if summary.status == SessionStatus.ACTIVE and summary.expires_at <= now:
        summary.status, summary.end_reason, summary.ended_at = (
            SessionStatus.ENDED,
            EndReason.EXPIRED,
            summary.expires_at,
        )
    summary.is_active = summary.status == SessionStatus.ACTIVE
    lasted = (summary.ended_at or min(now, summary.expires_at)) - summary.started_at
    # Where a clock was put back it may be over before it began.
    summary.duration_seconds = max(lasted // timedelta(seconds=1), 0)
    return summary
