"""Questions about sessions."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    Uuid,
    any_,
    func,
    select,
    true,
    type_coerce,
)

from impersonator_api import policy, tokens
from impersonator_api.directory import documents as directory
from impersonator_api.directory.documents import Value
from impersonator_api.questions import Column, Part, constant, json_list, json_of, part, row_json
from impersonator_api.sessions.store.active import session_of
from impersonator_api.sessions.tables import active_sessions, impersonation_sessions


def session_json(sessions: FromClause) -> Column:
    """A row of `impersonation_sessions` as one JSON document, the form every question answers in."""
    return row_json(sessions)


def before_start(
    tenant_id: UUID,
    impersonator_id: UUID,
    names: Mapping[str, str | None],
    *,
    is_known: bool = False,
    is_ground_known: bool = False,
) -> Part[Select[Any]]:
    """Everything a start is decided on, in one snapshot; `names` has `target`, `client` and `workspace`.

    Where tenant and impersonator are known, they are left out; where client and policy are known too, these as well.
    """
    target, client = names["target"] or "", names["client"]
    return part(
        _least_before_start if is_ground_known else _known_before_start if is_known else _before_start,
        tenant_id=tenant_id,
        impersonator_id=impersonator_id,
        target=target,
        target_id=directory.id_in(target),
        client=client,
        client_number=directory.number_in(client),
        workspace=names["workspace"],
        workspace_id=directory.id_in(names["workspace"]),
    )


def _before_start(tenant_id: Column, impersonator_id: Column, **names: Column) -> Select[Any]:
    return _known_before_start(tenant_id, impersonator_id, **names).add_columns(
        directory.tenant_json(tenant_id).label("tenant"),
        _impersonator(tenant_id, impersonator_id).label("impersonator"),
    )


def _known_before_start(tenant_id: Column, impersonator_id: Column, **names: Column) -> Select[Any]:
    return _least_before_start(tenant_id, impersonator_id, **names).add_columns(
        directory.client_named_json(tenant_id, names["client"], names["client_number"]).label("client"),
        policy.current_document(tenant_id).label("policy"),
    )


def _least_before_start(tenant_id: Column, impersonator_id: Column, **names: Column) -> Select[Any]:
    target, target_id = names["target"], names["target_id"]
    return select(
        directory.people_named_json(tenant_id, target, target_id).label("targets"),
        directory.consents_named_json(tenant_id, target, target_id).label("consents"),
        directory.workspace_json(tenant_id, names["workspace"], names["workspace_id"]).label("workspace"),
        _slots_of(impersonator_id).label("slots"),
    )


def live_one(session_id: UUID, *, is_known: bool = False) -> Part[Select[Any]]:
    """A session with everything it depends on as it is now; where that is known, with the tenant's revision alone."""
    return part(_known_one if is_known else _live_one, session_id=session_id)


def _live_one(session_id: Column) -> Select[Any]:
    sessions = impersonation_sessions
    return select(*_labelled(_live_columns(sessions))).where(sessions.c.id == session_id)


def _known_one(session_id: Column) -> Select[Any]:
    sessions = impersonation_sessions
    return select(*_labelled(_known_columns(sessions))).where(sessions.c.id == session_id)


def live_document(session_id: UUID, *, is_known: bool = False) -> Part[Column]:
    """The same as one JSON document for a larger question, or NULL."""
    return part(_known_json if is_known else live_json, session_id=session_id)


def active_live(tenant_id: UUID, *, after: UUID | None, limit: int) -> Select[Any]:
    """A tenant's sessions that nobody has ended, each with everything it depends on as it is now, oldest first."""
    active = active_sessions.alias()
    session = session_of(active)
    question = select(*_labelled(_live_columns(session))).select_from(active.join(session, true()))
    question = question.where(active.c.tenant_id == tenant_id)
    if after is not None:
        question = question.where(active.c.session_id > after)
    return question.order_by(active.c.session_id).limit(constant(limit))


def live_json(session_id: Value) -> Column:
    """The same about one session, as one JSON document, or NULL."""
    return _document(session_id, _live_columns)


def _known_json(session_id: Value) -> Column:
    return _document(session_id, _known_columns)


def _document(session_id: Value, columns_of: Callable[[FromClause], Mapping[str, Column]]) -> Column:
    sessions = impersonation_sessions.alias()
    return select(json_of(columns_of(sessions))).where(sessions.c.id == session_id).scalar_subquery()


def _labelled(columns: Mapping[str, Column]) -> list[Column]:
    return [column.label(name) for name, column in columns.items()]


def handed_over(digest: bytes) -> Part[Select[Any]]:
    """A hand-over code with the session that it leads to; both NULL where there is no such code."""
    return part(_handed_over, digest=digest)


def _handed_over(digest: Column) -> Select[Any]:
    return select(
        tokens.handover_code_json(digest).label("code"),
        live_json(tokens.handed_over_session_id(digest)).label("live"),
    )


def _live_columns(sessions: FromClause) -> dict[str, Column]:
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


def _known_columns(sessions: FromClause) -> dict[str, Column]:
    return {"session": session_json(sessions), "revision": directory.revision_of(sessions.c.tenant_id)}


def overdue(now: datetime, limit: int) -> Part[Select[Any]]:
    """Active sessions past their expiry, oldest first, with the client's name for the audit."""
    return part(_overdue, limit, now=now)


def _overdue(limit: int, now: Column) -> Select[Any]:
    active = active_sessions.alias()
    session = session_of(active)
    question = select(session_json(session).label("session"), _client_label(session).label("client_label"))
    found = question.select_from(active.join(session, true())).where(active.c.expires_at <= now)
    return found.order_by(active.c.expires_at).limit(constant(limit))


def running_json(impersonator_id: Value, now: Value) -> Column:
    """The running sessions that hold an impersonator's slots, each with its client's name, as a JSON list."""
    held = active_sessions.alias()
    session = session_of(held)
    found = json_of({"session": session_json(session), "client_label": _client_label(session)})
    question = select(found).select_from(held.join(session, true()))
    return json_list(question.where(_holds_slot_of(held, impersonator_id), held.c.expires_at > now))


def running(impersonator_id: UUID, now: datetime) -> Part[Select[Any]]:
    """The same list as a question of its own."""
    return part(_running, impersonator_id=impersonator_id, now=now)


def _running(impersonator_id: Column, now: Column) -> Select[Any]:
    return select(running_json(impersonator_id, now))


def several(session_ids: Collection[UUID]) -> Part[Select[Any]]:
    """Some sessions, each with the client's name for the audit."""
    return part(_several, session_ids=sorted(session_ids))


def _several(session_ids: Column) -> Select[Any]:
    sessions = impersonation_sessions
    question = select(session_json(sessions).label("session"), _client_label(sessions).label("client_label"))
    return question.where(sessions.c.id == any_(type_coerce(session_ids, ARRAY(Uuid))))


def one(session_id: UUID) -> Part[Select[Any]]:
    """One session, with the client's name for the audit."""
    return part(_one, session_id=session_id)


def _one(session_id: Column) -> Select[Any]:
    sessions = impersonation_sessions
    question = select(session_json(sessions).label("session"), _client_label(sessions).label("client_label"))
    return question.where(sessions.c.id == session_id)


def one_of_tenant(tenant_id: UUID, session_id: UUID) -> Part[Select[Any]]:
    """The same, where it is the tenant's."""
    return part(_one_of_tenant, tenant_id=tenant_id, session_id=session_id)


def _one_of_tenant(tenant_id: Column, session_id: Column) -> Select[Any]:
    return _one(session_id).where(impersonation_sessions.c.tenant_id == tenant_id)


def candidates(tenant_id: UUID, q: str | None, limit: int) -> Select[Any]:
    """Active users of a tenant by address, each as one JSON document."""
    return directory.active_people(tenant_id, q).limit(constant(limit))


def _impersonator(tenant_id: Value, impersonator_id: Value) -> Column:
    """The person or, where no person has that id, the client: ids are unique over both."""
    person = directory.person_by_id_json(tenant_id, impersonator_id)
    return func.coalesce(person, directory.client_json(tenant_id, impersonator_id, by="id"))


def _slots_of(impersonator_id: Value) -> Column:
    # Without their sessions: only where one has to go is it looked at, and most who start hold none.
    held = active_sessions.alias()
    slot = json_of({"number": held.c.slot, "session_id": held.c.session_id, "expires_at": held.c.expires_at})
    return json_list(select(slot).where(_holds_slot_of(held, impersonator_id)))


def _holds_slot_of(held: FromClause, impersonator_id: Value) -> ColumnElement[bool]:
    # Where any number may be active none has a slot, and there may be thousands of them.
    return (held.c.impersonator_id == impersonator_id) & held.c.slot.is_not(None)


def _client_label(sessions: FromClause) -> Column:
    return directory.client_label(sessions.c.client_id)
