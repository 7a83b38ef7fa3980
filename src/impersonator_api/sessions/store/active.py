"""Active sessions, found in the small table that holds no others."""

from datetime import datetime
from typing import Any

from sqlalchemy import FromClause, Select, func, select

from impersonator_api.questions import Column, Part, constant, part
from impersonator_api.sessions.tables import active_sessions, impersonation_sessions


def session_of(active: FromClause) -> FromClause:
    """The session of each row of `active_sessions`, to be joined with it.

    Looked up by its key: a join in either order may read all sessions of a young database through.
    """
    each = impersonation_sessions.alias()
    return select(each).where(each.c.id == active.c.session_id).limit(constant(1)).lateral()


def running_count(now: datetime, at_most: int) -> Part[Select[Any]]:
    """How many run in all tenants, counted no further than `at_most`; for those who operate the service."""
    return part(_running_count, at_most, now=now)


def _running_count(at_most: int, now: Column) -> Select[Any]:
    active = active_sessions.c
    found = select(active.expires_at).where(active.expires_at > now).limit(constant(at_most)).subquery()
    return select(func.count()).select_from(found)
