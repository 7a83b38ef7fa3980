"""The writes that start, change and end sessions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

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
    literal,
    select,
    update,
)

from impersonator_api.directory import documents as directory
from impersonator_api.sessions.session import EndReason, Session, SessionStatus
from impersonator_api.sessions.store.asking import is_session
from impersonator_api.sessions.store.reading import SORTED
from impersonator_api.sessions.tables import active_slots, impersonation_sessions
from impersonator_api.statement import Write


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
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
    tenants = directory.tenants
    unchanged = select(tenants.c.id).where(tenants.c.id == tenant_id, tenants.c.revision == revision)
    return Write("tenant unchanged", unchanged.with_for_update(read=True).cte())


def inserted(session: Session) -> Write:
    """A new session."""
    row = asdict(session) | {name: sorted(value) for name in SORTED if (value := getattr(session, name)) is not None}
    return Write("session", insert(impersonation_sessions).values(row).returning(impersonation_sessions.c.id).cte())


def decided_again(session: Session) -> Write:
    """A session that is still allowed, perhaps with less, under a newer revision, and that nobody ended meanwhile."""
    permissions = None if session.permissions is None else sorted(session.permissions)
    changed = (
        update(impersonation_sessions)
        .where(
            is_session(session.id),
            impersonation_sessions.c.revision < session.revision,
            impersonation_sessions.c.status == SessionStatus.ACTIVE,
        )
        .values(
            revision=session.revision,
            permissions=permissions,
            rights=session.rights,
            rule=session.rule,
            policy_version=session.policy_version,
        )
    )
    name = "session decided again"
    cte = changed.returning(impersonation_sessions.c.id).cte()
    return Write(name, cte, touched=((impersonation_sessions, session.id),))


def not_ended(session: Session) -> Write:
    """Nobody has ended the session, nor will before this is committed: an end waits, or was faster."""
    active = select(impersonation_sessions.c.id).where(
        is_session(session.id), impersonation_sessions.c.status == SessionStatus.ACTIVE
    )
    return Write("session not ended", active.with_for_update(read=True).cte())


def ended(endings: Sequence[Ending], *, by: str, rows: int | None) -> Write:
    """The end of sessions that are still active; its CTE's `id` is the guard of whatever belongs to those ends."""
    given = (
        func.unnest(
            literal([ending.session.id for ending in endings], ARRAY(Uuid)),
            literal([ending.reason for ending in endings], ARRAY(Text)),
            literal([ending.at for ending in endings], ARRAY(DateTime(timezone=True))),
        )
        .table_valued("id", "reason", "at")
        .render_derived()
    )
    sessions = impersonation_sessions
    changed = (
        update(sessions)
        .where(sessions.c.id == cast(given.c.id, Uuid), sessions.c.status == SessionStatus.ACTIVE)
        .values(status=SessionStatus.ENDED, end_reason=given.c.reason, ended_at=given.c.at, ended_by=by)
    )
    touched = tuple((sessions, ending.session.id) for ending in endings)
    return Write("session ended", changed.returning(sessions.c.id).cte(), rows=rows, touched=touched)


def slot_freed(ended_session: CTE) -> Write:
    """The slot of a session that this statement ends, if it has one."""
    ended_ids = select(ended_session.c.id)
    freed = delete(active_slots).where(active_slots.c.session_id.in_(ended_ids))
    return Write("slot freed", freed.returning(active_slots.c.session_id).cte(), rows=None)


def slot_taken(session: Session, slot: int) -> Write:
    """A free slot; another start that was faster makes this one a lost race."""
    row = {
        "impersonator_kind": session.impersonator_kind,
        "impersonator_id": session.impersonator_id,
        "slot": slot,
        "session_id": session.id,
        "expires_at": session.expires_at,
    }
    return Write("slot", insert(active_slots).values(row).returning(active_slots.c.slot).cte())


def slot_taken_over(session: Session, slot: int, *, holder: Session, holder_ended: CTE) -> Write:
    """The slot of the holder that was seen, after the holder's end; a faster start makes this a lost race."""
    changed = (
        update(active_slots)
        .where(
            active_slots.c.impersonator_kind == session.impersonator_kind,
            active_slots.c.impersonator_id == session.impersonator_id,
            active_slots.c.slot == slot,
            active_slots.c.session_id == holder.id,
            select(holder_ended.c.id).exists(),
        )
        .values(session_id=session.id, expires_at=session.expires_at)
    )
    return Write("slot taken over", changed.returning(active_slots.c.slot).cte())
