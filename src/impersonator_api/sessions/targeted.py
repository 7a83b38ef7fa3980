"""Running sessions as those see them who look after the user: who acts as this one, and the end of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select

from impersonator_api.directory import Person, from_json
from impersonator_api.directory import documents as directory
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.errors import SessionAlreadyEndedError, SessionUnknownError
from impersonator_api.sessions.listing import Listed, listed_from
from impersonator_api.sessions.parties import only_user
from impersonator_api.sessions.session import EndReason
from impersonator_api.work import Work


class Targeted(Struct, frozen=True, kw_only=True):
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
    question = store.running_as(tenant_id, name, now=work.now, limit=limit + 1, before=before)
    answer = (await work.read(question)).one()
    user, rows = user_from(answer["people"]), answer["page"]
    return Targeted(user=user, sessions=tuple(map(listed_from, rows[:limit])), has_more=len(rows) > limit)


async def end_targeting(work: Work, *, tenant_id: UUID, name: str, session_id: UUID, by: str) -> None:
    """End somebody's acting as a user, whoever it is; recorded as revoked, and dead at every door at once.

    Raises what `load_user` raises, 404 for a session in which somebody else is the target, 409 for one that is over.
    """
    answer = (await work.read(store.one_and_its_target(tenant_id, name, session_id))).one()
    user, row = user_from(answer["people"]), answer["listed"]
    listed = None if row is None else listed_from(row)
    if listed is None or listed.session.target_id != user.id:
        raise SessionUnknownError("No impersonation session of this user has that id.")
    if not listed.session.is_running(work.now):
        raise SessionAlreadyEndedError("This session is over; nothing was changed.")
    over = remembered.ending(work, listed.session, reason=EndReason.REVOKED, client_label=listed.client_label)
    work.write(*remembered.ended(work, [over], by=by, rows=1))
