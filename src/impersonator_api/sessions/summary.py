"""A session as one of many: what lists show of it, as of the moment they are asked."""

from collections.abc import Mapping, Sequence
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

SECOND = timedelta(seconds=1)

COLUMNS = tuple(name for name in Summary.__struct_fields__ if name not in TOLD)


def summaries_from(rows: Sequence[Mapping[str, Any]], now: datetime) -> tuple[Summary, ...]:
    """The sessions in rows whose first columns are `COLUMNS`."""
    summaries = tuple([Summary(*islice(row.values(), len(COLUMNS))) for row in rows])
    for each in summaries:
        # The text of a document that is passed on as it is.
        each.metadata = Raw(each.metadata)
        if each.status == SessionStatus.ACTIVE and each.expires_at <= now:
            each.status, each.end_reason, each.ended_at = SessionStatus.ENDED, EndReason.EXPIRED, each.expires_at
        each.is_active = each.status == SessionStatus.ACTIVE
        lasted = (each.ended_at or min(now, each.expires_at)) - each.started_at
        # Where a clock was put back it may be over before it began.
        each.duration_seconds = max(lasted // SECOND, 0)
    return summaries
