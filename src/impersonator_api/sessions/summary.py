"""A session as one of many: what lists show of it, as of the moment they are asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Raw, Struct, convert

from impersonator_api.sessions.session import EndReason, SessionStatus


class Summary(Struct, rename={"target_id": "target_user_id", "target_email": "target_user_email"}):
    """A row of a list, which is sent as it is; called as on the wire, its words are those of the database's domains.

    An overdue session has ended, whether or not somebody wrote it down.
    """

    id: str
    impersonator_id: str
    impersonator_email: str | None
    target_id: str
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

IDS = ("id", "impersonator_id", "target_id")
"""Columns that come as texts."""

MOMENTS = ("started_at", "expires_at", "ended_at")
"""Columns that come as seconds since 1970; a float holds microseconds until the year 2242."""

SECONDS_A_DAY = 86_400

ACTIVE = SessionStatus.ACTIVE.value


def summaries_from(records: Sequence[Any], now: datetime) -> tuple[Summary, ...]:
    """The sessions in the driver's records, which can be cut like tuples; their first columns are `COLUMNS`."""
    summaries = tuple([Summary(*record[: len(COLUMNS)]) for record in records])
    came = [(each.started_at, each.expires_at, each.ended_at) for each in summaries]
    moments = convert(came, list[tuple[datetime, datetime, datetime | None]], strict=False)
    for each, (started_at, expires_at, ended_at) in zip(summaries, moments, strict=True):
        # The text of a document that is passed on as it is.
        each.metadata = Raw(each.metadata)
        each.started_at, each.expires_at, each.ended_at = started_at, expires_at, ended_at
        if each.status == ACTIVE:
            if expires_at > now:
                each.is_active = True
            else:
                each.status, each.end_reason, each.ended_at = SessionStatus.ENDED, EndReason.EXPIRED, expires_at
        lasted = (each.ended_at or min(now, expires_at)) - started_at
        # Where a clock was put back it may be over before it began.
        each.duration_seconds = max(lasted.days * SECONDS_A_DAY + lasted.seconds, 0)
    return summaries
