"""Sessions as those ask for them who look after the user: by whom they act as."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from impersonator_api.directory import documents as directory
from impersonator_api.questions import constant, json_list
from impersonator_api.sessions.session import SessionStatus
from impersonator_api.sessions.store.listing import listed_json
from impersonator_api.sessions.tables import impersonation_sessions


def running_as(tenant_id: UUID, name: str, *, now: datetime, limit: int, before: UUID | None) -> Select[Any]:
    """The users of that name, and a page of the running sessions that act as one of them, newest first."""
    sessions = impersonation_sessions.alias()
    found = select(listed_json(sessions)).where(
        sessions.c.tenant_id == tenant_id,
        sessions.c.target_id.in_(directory.user_ids_named(tenant_id, name, directory.id_in(name))),
        sessions.c.status == constant(SessionStatus.ACTIVE),
        sessions.c.expires_at > now,
    )
    found = found if before is None else found.where(sessions.c.id < before)
    page = json_list(found.order_by(sessions.c.id.desc()).limit(limit))
    return select(
        directory.people_named_json(tenant_id, name, directory.id_in(name)).label("people"), page.label("page")
    )


def one_and_its_target(tenant_id: UUID, name: str, session_id: UUID) -> Select[Any]:
    """The users of that name, and a session, whoever it acts as."""
    sessions = impersonation_sessions.alias()
    one = select(listed_json(sessions)).where(sessions.c.id == session_id, sessions.c.tenant_id == tenant_id)
    people = directory.people_named_json(tenant_id, name, directory.id_in(name))
    return select(people.label("people"), one.scalar_subquery().label("listed"))
