"""Sessions out of the JSON documents that questions answer in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from impersonator_api import policy
from impersonator_api.sessions.session import EndReason, ImpersonatorKind, Session, SessionStatus

SORTED = ("permissions", "scopes")
"""Sets, stored as sorted arrays so that equal sessions are equal rows."""


def session_from(row: Mapping[str, Any]) -> Session:
    """The session in a JSON document of `session_json`."""
    instants = {name: _instant(row[name]) for name in ("started_at", "expires_at", "ended_at")}
    ids = {name: _uuid(row[name]) for name in row if name == "id" or name.endswith("_id")}
    sets = {name: None if row[name] is None else frozenset(row[name]) for name in SORTED}
    closed = {
        "impersonator_kind": ImpersonatorKind(row["impersonator_kind"]),
        "mode": policy.Mode(row["mode"]),
        "rights": policy.Rights(row["rights"]),
        "status": SessionStatus(row["status"]),
        "end_reason": EndReason(row["end_reason"]) if row["end_reason"] else None,
    }
    return Session(**{**row, **instants, **ids, **sets, **closed})


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
