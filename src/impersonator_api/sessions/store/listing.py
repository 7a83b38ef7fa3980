"""The questions behind lists of sessions: one page, its neighbours' cursor and a true count, in one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, or_, select

from impersonator_api.directory import documents as directory
from impersonator_api.questions import Column, Part, constant, json_list, json_of, part, row_json
from impersonator_api.sessions.filters import Filters
from impersonator_api.sessions.session import SessionStatus
from impersonator_api.sessions.store.asking import session_json
from impersonator_api.sessions.store.searching import LAST_LETTER, Values, newest_searched, searched
from impersonator_api.sessions.tables import impersonation_sessions

Condition = ColumnElement[bool]

COUNTED_AT_MOST = 10_000

LISTED_AT_MOST = 1001
"""More than any page has; what a terminal shows at once is the longest."""


def listed_one(tenant_id: UUID, session_id: UUID) -> Part[Select[Any]]:
    """One session of a tenant as lists show it."""
    return part(_one, tenant_id=tenant_id, session_id=session_id)


def _one(tenant_id: Column, session_id: Column) -> Select[Any]:
    sessions = impersonation_sessions.alias()
    is_it = (sessions.c.id == session_id) & (sessions.c.tenant_id == tenant_id)
    return select(listed_json(sessions)).where(is_it)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a list's statement depends on the request; whatever else differs is a value."""

    own_only: bool
    counts: bool
    status: SessionStatus | None
    filtered_by: frozenset[str]


def page(  # noqa: PLR0913  all but two by name
    tenant_id: UUID,
    filters: Filters,
    *,
    own_of: UUID | None,
    limit: int,
    before: UUID | None,
    now: datetime,
    counts: bool = True,
) -> Part[Select[Any]]:
    """One page of a tenant's sessions, newest first, with their count, and whether those that filters name exist.

    `own_of` is the impersonator whose sessions alone are wanted. Unless it `counts`, it says that there are more than
    `COUNTED_AT_MOST`. The same filters, whatever they look for, are the same statement.
    """
    q = filters.q
    bounds: dict[str, Any] = {
        "impersonator": filters.impersonator,
        "target": filters.target,
        "client": filters.client,
        "first_id": None if filters.started_from is None else _first_id_at(filters.started_from),
        "beyond_id": None if filters.started_to is None else _first_id_at(filters.started_to),
        "q": q,
        "before": before,
    }
    shape = _Shape(
        own_only=own_of is not None,
        counts=counts,
        status=filters.status,
        filtered_by=frozenset(name for name, value in bounds.items() if value is not None),
    )
    return part(
        _page,
        shape,
        **bounds,
        impersonator_id=directory.id_in(filters.impersonator or ""),
        target_id=directory.id_in(filters.target or ""),
        beginning=None if q is None else q.lower(),
        beyond=None if q is None else q.lower() + LAST_LETTER,
        tenant_id=tenant_id,
        own_of=own_of,
        now=now,
        at_most=limit,
    )


def _page(shape: _Shape, **values: Column) -> Select[Any]:
    sessions, tenant_id = impersonation_sessions.alias("s"), values["tenant_id"]
    found = and_(*_conditions(sessions, shape, values))
    here = and_(found, sessions.c.id < values["before"]) if "before" in shape.filtered_by else found
    newest, counted = (_searched if "q" in shape.filtered_by else _all)(sessions, found, here, values)
    rows = select(newest).limit(values["at_most"]).subquery()
    total: Column = _count(counted) if shape.counts else constant(COUNTED_AT_MOST + 1)
    columns: list[Column] = [
        json_list(select(_listed(row_json(rows), rows))).label("page"),
        total.label("total"),
        _impersonators(values).exists().label("impersonator"),
        _targets(values).exists().label("target"),
        directory.client_json(tenant_id, values["client"]).is_not(None).label("client"),
    ]
    return select(*columns)


def _count(rows: FromClause) -> Column:
    return select(func.count()).select_from(rows).scalar_subquery()


def _all(sessions: FromClause, found: Condition, here: Condition, _values: Values) -> tuple[FromClause, FromClause]:
    # The inner limit tells the plan that few rows are wanted, the outer one how many; nobody reads on to the inner one.
    newest = select(sessions).where(here).order_by(sessions.c.id.desc()).limit(constant(LISTED_AT_MOST)).subquery()
    return newest, select(sessions.c.id).where(found).limit(constant(COUNTED_AT_MOST + 1)).subquery()


def _searched(sessions: FromClause, found: Condition, here: Condition, values: Values) -> tuple[FromClause, FromClause]:
    beyond = COUNTED_AT_MOST + 1
    ids = select(searched(sessions, found, values, at_most=beyond)).cte()
    return newest_searched(sessions, here, values, found=ids, found_at_most=beyond, limit=LISTED_AT_MOST), ids


def _conditions(sessions: FromClause, shape: _Shape, values: Values) -> list[ColumnElement[bool]]:
    of_client = directory.client_ids_named(values["tenant_id"], values["client"])
    possible: dict[str, ColumnElement[bool]] = {
        "impersonator": sessions.c.impersonator_id.in_(_impersonators(values)),
        "target": sessions.c.target_id.in_(_targets(values)),
        "client": sessions.c.client_id.in_(of_client),
        # A session's id begins with the moment of its start, so a span of time is a range of ids, and of partitions.
        "first_id": sessions.c.id >= values["first_id"],
        "beyond_id": sessions.c.id < values["beyond_id"],
    }
    found: list[ColumnElement[bool]] = [sessions.c.tenant_id == values["tenant_id"]]
    if shape.own_only:
        found.append(sessions.c.impersonator_id == values["own_of"])
    if shape.status is not None:
        found.append(_has_status(sessions, shape.status, values["now"]))
    return found + [condition for name, condition in possible.items() if name in shape.filtered_by]


def _has_status(sessions: FromClause, status: SessionStatus, now: Column) -> ColumnElement[bool]:
    """An overdue session has ended, whether or not somebody wrote it down."""
    overdue = and_(sessions.c.status == constant(SessionStatus.ACTIVE), sessions.c.expires_at <= now)
    if status is SessionStatus.ENDED:
        return or_(sessions.c.status == constant(SessionStatus.ENDED), overdue)
    return and_(sessions.c.status == constant(status), sessions.c.expires_at > now)


def _first_id_at(moment: datetime) -> UUID:
    # No id is older than 1970, so whatever lies before it is as good as its first moment.
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _impersonators(values: Values) -> Select[Any]:
    name, tenant_id = values["impersonator"], values["tenant_id"]
    people = directory.user_ids_named(tenant_id, name, values["impersonator_id"])
    either = people.union_all(directory.client_ids_named(tenant_id, name)).subquery()
    return select(either.c.id)


def _targets(values: Values) -> Select[Any]:
    return directory.user_ids_named(values["tenant_id"], values["target"], values["target_id"])


def listed_json(sessions: FromClause) -> ColumnElement[Any]:
    """A row of `impersonation_sessions` with the names that a list shows beside it, as one JSON document."""
    return _listed(session_json(sessions), sessions)


def _listed(session: Column, sessions: FromClause) -> Column:
    return json_of(
        {
            "session": session,
            "client_label": directory.client_label(sessions.c.client_id),
            "workspace": directory.workspace_slug(sessions.c.workspace_id),
        }
    )
