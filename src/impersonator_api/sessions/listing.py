"""Finding sessions again: one page, its neighbours' cursor and a true count, in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.directory import documents as directory
from impersonator_api.errors import InvalidError
from impersonator_api.questions import Column, part
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.errors import NotYourSessionError, SessionUnknownError
from impersonator_api.sessions.session import Session, SessionStatus
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.statement import Write
from impersonator_api.work import Work

COUNTED_AT_MOST = 10_000

NEEDS_READ_ANY = "Reading other people's sessions needs the permission impersonation.read_any."


class UnknownFilterValueError(InvalidError):
    """A filter names somebody or something that does not exist; an empty page would hide the mistake."""

    code = "unknown-filter-value"
    title = "Unknown filter value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to look for. `impersonator` and `target` are ids, external ids or, for services, client ids."""

    impersonator: str | None = None
    target: str | None = None
    client: str | None = None
    status: SessionStatus | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A session with the names a list shows beside it."""

    session: Session
    client_label: str
    workspace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Sessions, newest first. `total` is exact up to `COUNTED_AT_MOST`; `is_capped` says that there are more."""

    sessions: tuple[Listed, ...]
    total: int
    is_capped: bool
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks: without `may_read_any` only at sessions of his own."""

    tenant_id: UUID
    id: UUID
    label: str = ""
    may_read_any: bool = False


async def find_page(work: Work, *, reader: Reader, filters: Filters, limit: int, before: UUID | None = None) -> Page:
    """One page of what the reader may see; `before` is the last id of the page before it. One statement."""
    answer = (await work.read(_page(reader, filters, limit=limit, before=before, now=work.now))).mappings().one()
    for name in ("impersonator", "target", "client"):
        if getattr(filters, name) is not None and not answer[name]:
            raise UnknownFilterValueError(f"Nothing in your organisation answers to that {name}.", parameter=name)
    rows = answer["page"]
    total = answer["total"]
    return Page(
        sessions=tuple(listed_from(row) for row in rows[:limit]),
        total=min(total, COUNTED_AT_MOST),
        is_capped=total > COUNTED_AT_MOST,
        has_more=len(rows) > limit,
    )


async def find_all_active(work: Work, *, reader: Reader, limit: int) -> Page:
    """Everybody's running sessions, newest first; needs `impersonation.read_any`."""
    if not reader.may_read_any:
        raise NotYourSessionError(NEEDS_READ_ANY, record=[_reading_refused(work, reader)])
    return await find_page(work, reader=reader, filters=Filters(status=SessionStatus.ACTIVE), limit=limit)


async def load_one(work: Work, *, reader: Reader, session_id: UUID) -> Listed:
    """One session; raises 404 for one of another tenant, a recorded refusal for somebody else's."""
    question = part(_one, tenant_id=reader.tenant_id, session_id=session_id)
    row = (await work.read(question)).scalar_one_or_none()
    if row is None:
        raise SessionUnknownError("No impersonation session of your organisation has that id.")
    listed = listed_from(row)
    if listed.session.impersonator_id != reader.id and not reader.may_read_any:
        refused = remembered.not_yours(work, listed.session, client_label=listed.client_label, by=reader.label)
        raise NotYourSessionError(NEEDS_READ_ANY, record=[refused])
    return listed


def _reading_refused(work: Work, reader: Reader) -> Write:
    entry = Entry(
        action=Action.REFUSED,
        tenant_id=reader.tenant_id,
        impersonator_id=reader.id,
        impersonator_label=reader.label,
        code=NotYourSessionError.code,
    )
    return recorded(work, entry)


async def find_tenant_of(work: Work, session_id: UUID) -> UUID | None:
    """Whose session that is; for an operator, who is in no tenant."""
    sessions = impersonation_sessions
    return (await work.read(select(sessions.c.tenant_id).where(sessions.c.id == session_id))).scalar_one_or_none()


def _one(tenant_id: Column, session_id: Column) -> Select[Any]:
    sessions = impersonation_sessions.alias()
    is_it = (sessions.c.id == session_id) & (sessions.c.tenant_id == tenant_id)
    return select(listed_json(sessions)).where(is_it)


def _page(reader: Reader, filters: Filters, *, limit: int, before: UUID | None, now: datetime) -> Select[Any]:
    sessions = impersonation_sessions.alias("s")
    found = and_(*_conditions(sessions, reader, filters, now))
    here = found if before is None else and_(found, sessions.c.id < before)
    page = select(listed_json(sessions).label("document"), sessions.c.id).where(here)
    rows = page.order_by(sessions.c.id.desc()).limit(limit + 1).subquery()
    ordered = aggregate_order_by(rows.c.document, rows.c.id.desc())
    counted = select(sessions.c.id).where(found).limit(COUNTED_AT_MOST + 1).subquery()
    return select(
        select(func.coalesce(func.jsonb_agg(ordered), func.jsonb_build_array())).scalar_subquery().label("page"),
        select(func.count()).select_from(counted).scalar_subquery().label("total"),
        _exists(reader, filters.impersonator, of_client=True).label("impersonator"),
        _exists(reader, filters.target).label("target"),
        directory.client_json(reader.tenant_id, filters.client).is_not(None).label("client"),
    )


def _conditions(sessions: FromClause, reader: Reader, filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [sessions.c.tenant_id == reader.tenant_id]
    if not reader.may_read_any:
        found.append(sessions.c.impersonator_id == reader.id)
    if filters.impersonator is not None:
        found.append(sessions.c.impersonator_id.in_(_ids_named(reader, filters.impersonator, of_client=True)))
    if filters.target is not None:
        found.append(sessions.c.target_id.in_(_ids_named(reader, filters.target)))
    if filters.client is not None:
        found.append(sessions.c.client_id.in_(directory.client_ids_named(reader.tenant_id, filters.client)))
    if filters.status is not None:
        found.append(_has_status(sessions, filters.status, now))
    return found + _in_time(sessions, filters) + _searched(sessions, filters.q)


def _has_status(sessions: FromClause, status: SessionStatus, now: datetime) -> ColumnElement[bool]:
    """An overdue session has ended, whether or not somebody wrote it down."""
    overdue = and_(sessions.c.status == SessionStatus.ACTIVE, sessions.c.expires_at <= now)
    if status is SessionStatus.ENDED:
        return or_(sessions.c.status == SessionStatus.ENDED, overdue)
    return and_(sessions.c.status == status, sessions.c.expires_at > now)


def _in_time(sessions: FromClause, filters: Filters) -> list[ColumnElement[bool]]:
    """A session's id begins with the moment of its start, so a span of time is a range of ids, and of partitions."""
    found: list[ColumnElement[bool]] = []
    if filters.started_from is not None:
        found.append(sessions.c.id >= _first_id_at(filters.started_from))
    if filters.started_to is not None:
        found.append(sessions.c.id < _first_id_at(filters.started_to))
    return found


def _first_id_at(moment: datetime) -> UUID:
    # No id is older than 1970, so whatever lies before it is as good as its first moment.
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _searched(sessions: FromClause, q: str | None) -> list[ColumnElement[bool]]:
    """The beginning of an e-mail address, or a whole ticket: what an index can find among millions."""
    if q is None:
        return []
    return [
        or_(
            func.lower(sessions.c.impersonator_email).startswith(q.lower(), autoescape=True),
            func.lower(sessions.c.target_email).startswith(q.lower(), autoescape=True),
            sessions.c.ticket == q,
        )
    ]


def _ids_named(reader: Reader, name: str, *, of_client: bool = False) -> Select[Any]:
    people = directory.user_ids_named(reader.tenant_id, name, directory.id_in(name))
    if not of_client:
        return people
    either = people.union_all(directory.client_ids_named(reader.tenant_id, name)).subquery()
    return select(either.c.id)


def _exists(reader: Reader, name: str | None, *, of_client: bool = False) -> ColumnElement[bool]:
    return _ids_named(reader, name or "", of_client=of_client).exists()


def listed_json(sessions: FromClause) -> ColumnElement[Any]:
    """A row of `impersonation_sessions` with the names that a list shows beside it, as one JSON document."""
    return directory.json_of(
        {
            "session": store.session_json(sessions),
            "client_label": directory.client_label(sessions.c.client_id),
            "workspace": directory.workspace_slug(sessions.c.workspace_id),
        }
    )


def listed_from(row: Mapping[str, Any]) -> Listed:
    """The session in a JSON document of `listed_json`."""
    session = store.session_from(row["session"])
    return Listed(session=session, client_label=row["client_label"], workspace=row["workspace"])
