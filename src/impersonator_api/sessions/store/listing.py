"""The questions behind lists of sessions: one page, its neighbours' cursor and a true count, in one statement."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, cast, func, or_, select, type_coerce

from impersonator_api.directory import documents as directory
from impersonator_api.questions import Column, Part, constant, json_of, part
from impersonator_api.sessions.filters import Filters
from impersonator_api.sessions.session import SessionStatus
from impersonator_api.sessions.store.active import running_alone, running_sessions
from impersonator_api.sessions.store.asking import session_json
from impersonator_api.sessions.store.searching import LAST_LETTER, Values, is_searched, newest_searched, searched
from impersonator_api.sessions.summary import COLUMNS, IDS, MOMENTS
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


class _Shape(Struct, frozen=True):
    """What of a list's statement depends on the request; whatever else differs is a value."""

    own_only: bool
    counts: bool
    whole: bool
    is_empty: bool
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
    whole: bool = False,
    is_empty: bool = False,
) -> Part[Select[Any]]:
    """One page of a tenant's sessions, newest first, a row for each; or one row without any where it `is_empty`.

    In each row is their count, and whether what filters name exists. A session is what a summary shows, or, `whole`,
    a document as those of `listed_json`. `own_of` is the impersonator whose sessions alone are wanted. Unless it
    `counts`, it says that there are more than `COUNTED_AT_MOST`. The same filters, whatever they look for, are the same
    statement.
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
        whole=whole,
        is_empty=is_empty,
        status=filters.status,
        filtered_by=frozenset(name for name, value in bounds.items() if value is not None),
    )
    return part(
        _page,
        shape,
        **bounds,
        impersonator_id=directory.id_in(filters.impersonator),
        target_id=directory.id_in(filters.target),
        beginning=None if q is None else q.lower(),
        beyond=None if q is None else q.lower() + LAST_LETTER,
        tenant_id=tenant_id,
        own_of=own_of,
        now=now,
        at_most=limit,
    )


def _page(shape: _Shape, **values: Column) -> Select[Any]:
    newest, counted = _newest_and_counted(shape, values)
    total: Column = _count(counted) if shape.counts else constant(COUNTED_AT_MOST + 1)
    exist = [named.label(name) for name, named in _named(values).items() if name in shape.filtered_by]
    if shape.is_empty:
        return select(total.label("total"), *exist)
    # In order at each step: else PostgreSQL forgets it, and sorts all rows again at the end.
    rows = select(newest).order_by(newest.c.id.desc()).limit(values["at_most"]).subquery()
    beside = directory.NamesBeside(client_id=rows.c.client_id, workspace_id=rows.c.workspace_id)
    shown = _document(rows, beside) if shape.whole else _summary(rows, beside)
    question = select(*shown, total.label("total"), *exist).select_from(beside.joined(rows))
    return question.order_by(rows.c.id.desc())


def _document(rows: FromClause, names: directory.NamesBeside) -> list[Column]:
    listed = {"session": session_json(rows), "client_label": names.client_label, "workspace": names.workspace}
    return [json_of(listed).label("listed")]


def _summary(rows: FromClause, names: directory.NamesBeside) -> list[Column]:
    beside: dict[str, Column] = {
        "client_id": names.client_label,
        "workspace": names.workspace,
        # The driver makes a list of it; what SQLAlchemy would do besides is a copy.
        "permissions": type_coerce(rows.c.permissions, Text).label("permissions"),
        "metadata": cast(rows.c.metadata, Text).label("metadata"),
    }
    # Of an id as a text and a moment as a number the driver makes what is sent in a fraction of the time.
    beside |= {name: cast(rows.c[name], Text).label(name) for name in IDS}
    beside |= {name: func.date_part(constant("epoch"), rows.c[name]).label(name) for name in MOMENTS}
    return [beside[name] if name in beside else rows.c[name] for name in COLUMNS]


def _newest_and_counted(shape: _Shape, values: Values) -> tuple[FromClause, FromClause]:
    if shape.status is SessionStatus.ACTIVE:
        # What is asked of their documents needs them; what is asked of themselves alone does not.
        needs_sessions = not shape.filtered_by.isdisjoint({"target", "client", "q"})
        listed = running_sessions(values["now"])
        counted = listed if needs_sessions else running_alone(values["now"])
    else:
        listed = counted = impersonation_sessions.alias("s")
    here = and_(*_conditions(listed, shape, values))
    before = here & (listed.c.id < values["before"]) if "before" in shape.filtered_by else here
    if "q" in shape.filtered_by and shape.status is not SessionStatus.ACTIVE:
        return _searched(listed, here, before, values)
    # The inner limit tells the plan that few rows are wanted, the outer one how many; nobody reads on to the inner one.
    newest = select(listed).where(before).order_by(listed.c.id.desc()).limit(constant(LISTED_AT_MOST)).subquery()
    found = select(counted.c.id).where(*_conditions(counted, shape, values))
    return newest, found.limit(constant(COUNTED_AT_MOST + 1)).subquery()


def _searched(sessions: FromClause, found: Condition, here: Condition, values: Values) -> tuple[FromClause, FromClause]:
    beyond = COUNTED_AT_MOST + 1
    ids = select(searched(sessions, found, values, at_most=beyond)).cte()
    return newest_searched(sessions, here, values, found=ids, found_at_most=beyond, limit=LISTED_AT_MOST), ids


def _count(rows: FromClause) -> Column:
    return select(func.count()).select_from(rows).scalar_subquery()


def _named(values: Values) -> dict[str, Column]:
    """Whether there is what a filter names."""
    return {
        "impersonator": _impersonators(values).exists(),
        "target": _targets(values).exists(),
        "client": directory.client_ids_named(values["tenant_id"], values["client"]).exists(),
    }


def _conditions(sessions: FromClause, shape: _Shape, values: Values) -> list[Condition]:
    found: list[Condition] = [sessions.c.tenant_id == values["tenant_id"]]
    if shape.own_only:
        found.append(sessions.c.impersonator_id == values["own_of"])
    if shape.status is SessionStatus.ACTIVE:
        # Those that run are all that is gone through, whatever is searched for among them.
        found += [is_searched(sessions, values)] if "q" in shape.filtered_by else []
    elif shape.status is not None:
        found.append(_has_status(sessions, shape.status, values["now"]))
    return found + [_POSSIBLE[name](sessions, values) for name in sorted(shape.filtered_by & _POSSIBLE.keys())]


_POSSIBLE: Mapping[str, Callable[[FromClause, Values], Condition]] = {
    "impersonator": lambda sessions, values: sessions.c.impersonator_id.in_(_impersonators(values)),
    "target": lambda sessions, values: sessions.c.target_id.in_(_targets(values)),
    "client": lambda sessions, values: sessions.c.client_id.in_(
        directory.client_ids_named(values["tenant_id"], values["client"])
    ),
    # A session's id begins with the moment of its start, so a span of time is a range of ids, and of partitions.
    "first_id": lambda sessions, values: sessions.c.id >= values["first_id"],
    "beyond_id": lambda sessions, values: sessions.c.id < values["beyond_id"],
}


def _has_status(sessions: FromClause, status: SessionStatus, now: Column) -> ColumnElement[bool]:
    """An overdue session has ended, whether or not somebody wrote it down; those that run lie elsewhere."""
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
    return json_of(
        {
            "session": session_json(sessions),
            "client_label": directory.client_label(sessions.c.client_id),
            "workspace": directory.workspace_slug(sessions.c.workspace_id),
        }
    )
