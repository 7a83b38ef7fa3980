"""How many sessions run, in all tenants; for those who operate the service."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from impersonator_api.questions import Column, Part, constant, part
from impersonator_api.sessions.session import SessionStatus
from impersonator_api.sessions.tables import impersonation_sessions


def running_count(now: datetime, at_most: int) -> Part[Select[Any]]:
    """How many, counted no further than `at_most`: what the index of active sessions answers by itself."""
    return part(_running_count, at_most, now=now)


def _running_count(at_most: int, now: Column) -> Select[Any]:
    sessions = impersonation_sessions.c
    is_running = (sessions.status == constant(SessionStatus.ACTIVE), sessions.expires_at > now)
    found = select(sessions.expires_at).where(*is_running).limit(constant(at_most)).subquery()
    return select(func.count()).select_from(found)
