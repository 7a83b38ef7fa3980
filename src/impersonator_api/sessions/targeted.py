"""Running sessions as those see them who look after the user: who acts as this one, and the end of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from impersonator_api.directory import Person, from_json
from impersonator_api.directory import documents as directory
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.errors import SessionAlreadyEndedError, SessionUnknownError
from impersonator_api.sessions.listing import Listed, listed_from
from impersonator_api.sessions.parties import only_user
from impersonator_api.sessions.session import EndReason, SessionStatus
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Targeted:
    """A user and one page of the running sessions in which somebody acts as that user, newest first."""

    user: Person
    sessions: tuple[Listed, ...]
    has_more: bool


async def load_user(work: Work, *, tenant_id: UUID, name: str) -> Person:
    """The user whose id or external id is `name`; raises 404 where there is none, 409 where there are two."""
    people = (await work.read(select(directory.people_named_json(tenant_id, name, directory.id_in(name))))).scalar_one()
    return user_from(people)


def user_from(people: Sequence[Any]) -> Person:
    """The one user of a JSON list of `people_named_json`; raises what `load_user` raises."""
    return only_user([from_json.person_from(person) for person in people])


async def find_targeting(work: Work, *, tenant_id: UUID, name: str, limit: int, before: UUID | None = None) -> Targeted:
    """One page of the running sessions that act as a user; raises what `load_user` raises. One statement."""
    question = _running(tenant_id, name, now=work.now, limit=limit + 1, before=before)
    answer = (await work.read(question)).mappings().one()
    user, rows = user_from(answer["people"]), answer["page"]
    return Targeted(user=user, sessions=tuple(map(listed_from, rows[:limit])), has_more=len(rows) > limit)


async def end_targeting(work: Work, *, tenant_id: UUID, name: str, session_id: UUID, by: str) -> None:
    """End somebody's acting as a user, whoever it is; recorded as revoked, and dead at every door at once.

    Raises what `load_user` raises, 404 for a session in which somebody else is the target, 409 for one that is over.
    """
    people = directory.people_named_json(tenant_id, name, directory.id_in(name)).label("people")
    answer = (await work.read(select(people, _document(tenant_id, session_id)))).mappings().one()
    user, row = user_from(answer["people"]), answer["listed"]
    listed = None if row is None else listed_from(row)
    if listed is None or listed.session.target_id != user.id:
        raise SessionUnknownError("No impersonation session of this user has that id.")
    if not listed.session.is_running(work.now):
        raise SessionAlreadyEndedError("This session is over; nothing was changed.")
    over = remembered.ending(work, listed.session, reason=EndReason.REVOKED, client_label=listed.client_label)
    work.write(*remembered.ended(work, [over], by=by, rows=1))


def _running(tenant_id: UUID, name: str, *, now: datetime, limit: int, before: UUID | None) -> Select[Any]:
    sessions = impersonation_sessions.alias()
    found = select(store.listed_json(sessions).label("document"), sessions.c.id).where(
        sessions.c.tenant_id == tenant_id,
        sessions.c.target_id.in_(directory.user_ids_named(tenant_id, name, directory.id_in(name))),
        sessions.c.status == SessionStatus.ACTIVE,
        sessions.c.expires_at > now,
    )
    found = found if before is None else found.where(sessions.c.id < before)
    rows = found.order_by(sessions.c.id.desc()).limit(limit).subquery()
    ordered = aggregate_order_by(rows.c.document, rows.c.id.desc())
    return select(
        directory.people_named_json(tenant_id, name, directory.id_in(name)).label("people"),
        select(func.coalesce(func.jsonb_agg(ordered), func.jsonb_build_array())).scalar_subquery().label("page"),
    )


def _document(tenant_id: UUID, session_id: UUID) -> ColumnElement[Any]:
    sessions = impersonation_sessions.alias()
    question = select(store.listed_json(sessions)).where(sessions.c.id == session_id, sessions.c.tenant_id == tenant_id)
    return question.scalar_subquery().label("listed")
