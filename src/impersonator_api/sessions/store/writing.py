"""The writes that start, change and end sessions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    ARRAY,
    CTE,
    DateTime,
    Text,
    Uuid,
    cast,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from impersonator_api.directory import documents as directory
from impersonator_api.questions import Column, constant
from impersonator_api.sessions.session import EndReason, Session, SessionStatus
from impersonator_api.sessions.tables import active_sessions, impersonation_sessions
from impersonator_api.statement import Write


class Ending(Struct, frozen=True, kw_only=True):
    """One session's end: which, why, and when it was over."""

    session: Session
    reason: EndReason
    at: datetime
    client_label: str


def tenant_unchanged(tenant_id: UUID, revision: int) -> Write:
    """Nothing was changed since the snapshot, nor will be until this is committed.

    A change raises the revision first: it waits for this share lock, or this statement waits for it and
    then meets no row. So nobody starts on rights that were taken away a moment ago.
    """
    return Write("tenant unchanged", _tenant_unchanged, {"tenant_id": tenant_id, "revision": revision})


def _tenant_unchanged(tenant_id: Column, revision: Column) -> CTE:
    tenants = directory.tenants
    unchanged = select(tenants.c.id).where(tenants.c.id == tenant_id, tenants.c.revision == revision)
    return unchanged.with_for_update(read=True).cte()


def inserted(session: Session) -> Write:
    """A new session."""
    row = asdict(session)
    row["permissions"], row["scopes"] = _sorted(session.permissions), " ".join(sorted(session.scopes))
    return Write("session", _inserted, row)


def _inserted(**row: Column) -> CTE:
    # The driver takes longer for an array than for ten texts; a scope has no spaces (RFC 6749 §3.3).
    row["scopes"] = func.string_to_array(row["scopes"], constant(" "))
    return insert(impersonation_sessions).values(row).cte()


def decided_again(session: Session) -> Write:
    """A session that is still allowed, perhaps with less, under a newer revision, and that nobody ended meanwhile."""
    values = {
        "session_id": session.id,
        "revision": session.revision,
        "permissions": _sorted(session.permissions),
        "rights": session.rights,
        "rule": session.rule,
        "policy_version": session.policy_version,
    }
    return Write("session decided again", _decided_again, values, touched=((impersonation_sessions, session.id),))


def _decided_again(session_id: Column, revision: Column, **decision: Column) -> CTE:
    sessions = impersonation_sessions.c
    is_older = (sessions.id == session_id) & (sessions.revision < revision)
    changed = update(impersonation_sessions).where(is_older, sessions.status == constant(SessionStatus.ACTIVE))
    return changed.values(revision=revision, **decision).returning(sessions.id).cte()


def not_ended(session: Session) -> Write:
    """Nobody has ended the session, nor will before this is committed: an end waits, or was faster."""
    return Write("session not ended", _not_ended, {"session_id": session.id})


def _not_ended(session_id: Column) -> CTE:
    sessions = impersonation_sessions.c
    active = select(sessions.id).where(sessions.id == session_id, sessions.status == constant(SessionStatus.ACTIVE))
    return active.with_for_update(read=True).cte()


def ended(endings: Sequence[Ending], *, by: str, rows: int | None) -> Write:
    """The end of sessions that are still active; its `id` is the guard of whatever belongs to those ends."""
    touched = tuple((impersonation_sessions, ending.session.id) for ending in endings)
    if len(endings) == 1:
        (only,) = endings
        one = {"session_id": only.session.id, "reason": only.reason, "at": only.at, "by": by}
        return Write("session ended", _one_ended, one, rows=rows, touched=touched)
    values = {
        "ids": [ending.session.id for ending in endings],
        "reasons": [ending.reason for ending in endings],
        "moments": [ending.at for ending in endings],
        "by": by,
    }
    return Write("sessions ended", _ended, values, rows=rows, touched=touched)


def _one_ended(session_id: Column, reason: Column, at: Column, by: Column) -> CTE:
    # By its id alone, so that PostgreSQL opens the one month that it lies in and no other.
    sessions = impersonation_sessions
    changed = update(sessions).where(sessions.c.id == session_id, sessions.c.status == constant(SessionStatus.ACTIVE))
    over = changed.values(status=constant(SessionStatus.ENDED), end_reason=reason, ended_at=at, ended_by=by)
    return over.returning(sessions.c.id).cte()


def _ended(ids: Column, reasons: Column, moments: Column, by: Column) -> CTE:
    given = (
        func.unnest(
            type_coerce(ids, ARRAY(Uuid)),
            type_coerce(reasons, ARRAY(Text)),
            type_coerce(moments, ARRAY(DateTime(timezone=True))),
        )
        .table_valued("id", "reason", "at")
        .render_derived()
    )
    sessions = impersonation_sessions
    changed = (
        update(sessions)
        .where(sessions.c.id == cast(given.c.id, Uuid), sessions.c.status == constant(SessionStatus.ACTIVE))
        .values(status=constant(SessionStatus.ENDED), end_reason=given.c.reason, ended_at=given.c.at, ended_by=by)
    )
    return changed.returning(sessions.c.id).cte()


def activated(session: Session, *, slot: int | None) -> Write:
    """The new session among the active ones; another start that was faster at its slot makes this one a lost race."""
    row = {
        "tenant_id": session.tenant_id,
        "session_id": session.id,
        "impersonator_id": session.impersonator_id,
        "slot": slot,
        "expires_at": session.expires_at,
    }
    return Write("session active", _activated, row)


def _activated(**row: Column) -> CTE:
    return insert(active_sessions).values(row).cte()


def deactivated(endings: Sequence[Ending]) -> Write:
    """Sessions that this statement ends, no more among the active ones; one that has ended before is not there."""
    tenant_id, ids = endings[0].session.tenant_id, [ending.session.id for ending in endings]
    if len(ids) == 1:
        one = {"tenant_id": tenant_id, "session_id": ids[0]}
        return Write("session not active", _one_deactivated, one, rows=None)
    tenants = [ending.session.tenant_id for ending in endings]
    return Write("sessions not active", _deactivated, {"tenants": tenants, "ids": ids}, rows=None)


def _one_deactivated(tenant_id: Column, session_id: Column) -> CTE:
    active = active_sessions.c
    return delete(active_sessions).where(active.tenant_id == tenant_id, active.session_id == session_id).cte()


def _deactivated(tenants: Column, ids: Column) -> CTE:
    given = func.unnest(type_coerce(tenants, ARRAY(Uuid)), type_coerce(ids, ARRAY(Uuid)))
    each = given.table_valued("tenant_id", "id").render_derived()
    active = active_sessions.c
    is_one = (active.tenant_id == cast(each.c.tenant_id, Uuid)) & (active.session_id == cast(each.c.id, Uuid))
    return delete(active_sessions).where(is_one).cte()


def slot_taken_over(session: Session, slot: int, *, holder: Session) -> Write:
    """The slot of the holder that was seen, whose end stands beside it; a faster start makes this a lost race."""
    values = {
        "tenant_id": session.tenant_id,
        "holder_id": holder.id,
        "slot": slot,
        "session_id": session.id,
        "expires_at": session.expires_at,
    }
    return Write("slot taken over", _slot_taken_over, values)


def _slot_taken_over(session_id: Column, expires_at: Column, **seen: Column) -> CTE:
    active = active_sessions.c
    is_holder = (active.tenant_id == seen["tenant_id"]) & (active.session_id == seen["holder_id"])
    changed = update(active_sessions).where(is_holder, active.slot == seen["slot"])
    return changed.values(session_id=session_id, expires_at=expires_at).returning(active.slot).cte()


def _sorted(values: frozenset[str] | None) -> list[str] | None:
    # So that equal sessions are equal rows.
    return None if values is None else sorted(values)
