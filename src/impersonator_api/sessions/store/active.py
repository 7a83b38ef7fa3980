"""Active sessions, found in the small table that holds no others."""

from datetime import datetime
from typing import Any

from sqlalchemy import FromClause, Select, func, select, true

from impersonator_api.questions import Column, Part, constant, part
from impersonator_api.sessions.tables import active_sessions, impersonation_sessions

RUNNING = {
    "id": "session_id",
    "tenant_id": "tenant_id",
    "impersonator_id": "impersonator_id",
    "expires_at": "expires_at",
}
"""What `active_sessions` knows of a session, and what it calls that."""


def session_of(active: FromClause) -> FromClause:
    """The session of each row of `active_sessions`, to be joined with it.

    Looked up by its key: a join in either order may read all sessions of a young database through.
    """
    each = impersonation_sessions.alias()
    return select(each).where(each.c.id == active.c.session_id).limit(constant(1)).lateral()


def running_sessions(now: Column) -> FromClause:
    """Sessions that run, as rows of `impersonation_sessions`."""
    active = active_sessions.alias()
    session = session_of(active)
    others = [column for column in session.c if column.name not in RUNNING]
    return _running(select(*_named(active), *others).select_from(active.join(session, true())), active, now)


def running_alone(now: Column) -> FromClause:
    """The same with those columns alone that need no look at the session."""
    active = active_sessions.alias()
    return _running(select(*_named(active)), active, now)


def _named(active: FromClause) -> list[Column]:
    return [active.c[kept].label(name) for name, kept in RUNNING.items()]


def _running(question: Select[Any], active: FromClause, now: Column) -> FromClause:
    return question.where(active.c.expires_at > now).subquery()


def running_count(now: datetime, at_most: int) -> Part[Select[Any]]:
    """How many run in all tenants, counted no further than `at_most`; for those who operate the service."""
    return part(_running_count, at_most, now=now)


def _running_count(at_most: int, now: Column) -> Select[Any]:
    active = active_sessions.c
    found = select(active.expires_at).where(active.expires_at > now).limit(constant(at_most)).subquery()
    return select(func.count()).select_from(found)
