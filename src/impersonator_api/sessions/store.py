"""Questions about sessions, and the writes that start, change and end them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    DateTime,
    FromClause,
    Select,
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

from impersonator_api import policy
from impersonator_api.directory import documents as directory
from impersonator_api.sessions.session import EndReason, ImpersonatorKind, Session, SessionStatus
from impersonator_api.sessions.tables import active_slots, impersonation_sessions
from impersonator_api.statement import Write

SORTED = ("permissions", "scopes")
"""Sets, stored as sorted arrays so that equal sessions are equal rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One session's end: which, why, and when it was over."""

    session: Session
    reason: EndReason
    at: datetime
    client_label: str


def session_json(sessions: FromClause) -> ColumnElement[Any]:
    """A row of `impersonation_sessions` as one JSON document, the form every question answers in."""
    return directory.json_of({column.name: column for column in sessions.c})


def before_start(tenant_id: UUID, impersonator_id: UUID, names: Mapping[str, str | None]) -> Select[Any]:
    """Everything a start is decided on, in one snapshot; `names` has `target`, `client` and `workspace`."""
    target, client = names["target"] or "", names["client"]
    return select(
        directory.tenant_json(tenant_id).label("tenant"),
        _impersonator(tenant_id, impersonator_id).label("impersonator"),
        directory.people_named_json(tenant_id, target).label("targets"),
        directory.client_named_json(tenant_id, client).label("client"),
        directory.consents_named_json(tenant_id, target).label("consents"),
        directory.workspace_json(tenant_id, names["workspace"]).label("workspace"),
        policy.current_document(tenant_id).label("policy"),
        _held_by(impersonator_id, impersonation_sessions.alias()).label("slots"),
    )


def live() -> Select[Any]:
    """Sessions, each with everything it depends on as it is now; the caller adds the condition."""
    return select(*[column.label(name) for name, column in _live_columns(impersonation_sessions).items()])


def live_json(session_id: UUID) -> ColumnElement[Any]:
    """The same about one session, as one JSON document for a larger question, or NULL."""
    sessions = impersonation_sessions.alias()
    question = select(directory.json_of(_live_columns(sessions))).where(sessions.c.id == session_id)
    return question.scalar_subquery()


def _live_columns(sessions: FromClause) -> dict[str, ColumnElement[Any]]:
    return {
        "session": session_json(sessions),
        "tenant": directory.tenant_json(sessions.c.tenant_id),
        "impersonator": _impersonator(sessions.c.tenant_id, sessions.c.impersonator_id),
        "target": directory.person_by_id_json(sessions.c.tenant_id, sessions.c.target_id),
        "client": directory.client_json(sessions.c.tenant_id, sessions.c.client_id, by="id"),
        "consent": directory.consent_json(sessions.c.target_id, sessions.c.client_id),
        "workspace": directory.workspace_by_id_json(sessions.c.workspace_id),
        "policy": policy.current_document(sessions.c.tenant_id),
    }


def is_session(session_id: UUID) -> ColumnElement[bool]:
    """The condition for one session."""
    return impersonation_sessions.c.id == session_id


BY_ID = impersonation_sessions.c.id


def is_active_in(tenant_id: UUID) -> ColumnElement[bool]:
    """The condition for a tenant's sessions that nobody has ended."""
    sessions = impersonation_sessions.c
    return (sessions.tenant_id == tenant_id) & (sessions.status == SessionStatus.ACTIVE)


def overdue(now: datetime, limit: int) -> Select[Any]:
    """Active sessions past their expiry, oldest first, with the client's name for the audit."""
    sessions = impersonation_sessions
    return (
        select(session_json(sessions).label("session"), _client_label(sessions).label("client_label"))
        .where(sessions.c.status == SessionStatus.ACTIVE, sessions.c.expires_at <= now)
        .order_by(sessions.c.expires_at)
        .limit(limit)
    )


def running_json(impersonator_id: directory.Value, now: datetime) -> ColumnElement[Any]:
    """The running sessions of an impersonator, as a JSON list for a larger question."""
    sessions = impersonation_sessions.alias()
    return _held_by(impersonator_id, sessions, sessions.c.expires_at > now)


def running(impersonator_id: UUID, now: datetime) -> Select[Any]:
    """The same list as a question of its own."""
    return select(running_json(impersonator_id, now))


def one(session_id: UUID) -> Select[Any]:
    """One session, with the client's name for the audit."""
    sessions = impersonation_sessions
    question = select(session_json(sessions).label("session"), _client_label(sessions).label("client_label"))
    return question.where(is_session(session_id))


def one_of_tenant(tenant_id: UUID, session_id: UUID) -> Select[Any]:
    """The same, where it is the tenant's."""
    return one(session_id).where(impersonation_sessions.c.tenant_id == tenant_id)


def candidates(tenant_id: UUID, q: str | None, limit: int) -> Select[Any]:
    """Active users of a tenant by address, each as one JSON document."""
    return directory.active_people(tenant_id, q).limit(limit)


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


def _impersonator(tenant_id: directory.Value, impersonator_id: directory.Value) -> ColumnElement[Any]:
    """The person or, where no person has that id, the client: ids are unique over both."""
    person = directory.person_by_id_json(tenant_id, impersonator_id)
    return func.coalesce(person, directory.client_json(tenant_id, impersonator_id, by="id"))


def _held_by(
    impersonator_id: directory.Value, sessions: FromClause, *conditions: ColumnElement[bool]
) -> ColumnElement[Any]:
    held = active_slots.alias()
    slot = directory.json_of(
        {"slot": held.c.slot, "session": session_json(sessions), "client_label": _client_label(sessions)}
    )
    return (
        select(func.coalesce(func.jsonb_agg(slot), func.jsonb_build_array()))
        .select_from(held.join(sessions, held.c.session_id == sessions.c.id))
        .where(held.c.impersonator_id == impersonator_id, *conditions)
        .scalar_subquery()
    )


def _client_label(sessions: FromClause) -> ColumnElement[Any]:
    return directory.client_label(sessions.c.client_id)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
