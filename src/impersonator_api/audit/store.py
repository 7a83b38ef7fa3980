"""Adding to the audit, and reading it back in order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from msgspec.structs import asdict
from sqlalchemy import CTE, ColumnElement, Select, TableValuedAlias, func, insert, select, type_coerce
from sqlalchemy import column as sqlalchemy_column
from sqlalchemy.dialects.postgresql import JSONB

from impersonator_api.audit.counting import count
from impersonator_api.audit.entry import Entry
from impersonator_api.audit.tables import audit_entries
from impersonator_api.questions import Column, constant
from impersonator_api.statement import Write
from impersonator_api.work import Work

PAGE = 1000


def recorded(work: Work, entry: Entry) -> Write:
    """An entry of this work's moment and origin."""
    return Write("audit entry", _recorded, _row(work, entry), told=partial(count, (entry,)))


def _recorded(**row: Column) -> CTE:
    return insert(audit_entries).values(row).cte()


def recorded_where_met(work: Work, entries: Sequence[Entry], guard: Write) -> Write:
    """Entries about sessions, each only where the guard's RETURNING `id` holds its session.

    A guard that must meet them all undoes everything where it does not, so nobody has to look at what it met.
    """
    if guard.rows is not None:
        return recorded(work, entries[0]) if len(entries) == 1 else recorded_all(work, entries)
    told = partial(count, entries)
    if len(entries) == 1:
        return Write("audit of a session", _one_where_met, _row(work, entries[0]), after=guard, rows=None, told=told)
    rows = [{name: _plain(value) for name, value in _row(work, entry).items()} for entry in entries]
    return Write("audit of sessions", _recorded_where_met, {"rows": rows}, after=guard, rows=None, told=told)


def _one_where_met(guard: CTE, **row: Column) -> CTE:
    values = (type_coerce(row[column.name], column.type) for column in audit_entries.c)
    return _inserted(select(*values).where(guard.c.id == row["session_id"]))


def _recorded_where_met(guard: CTE, rows: Column) -> CTE:
    given = _given(rows)
    return _inserted(select(*given.c).select_from(given.join(guard, guard.c.id == given.c.session_id)))


def recorded_all(work: Work, entries: Sequence[Entry]) -> Write:
    """Any number of entries."""
    rows = [{name: _plain(value) for name, value in _row(work, entry).items()} for entry in entries]
    return Write("audit entries", _recorded_all, {"rows": rows}, rows=len(entries), told=partial(count, entries))


def _recorded_all(rows: Column) -> CTE:
    return _inserted(select(*_given(rows).c))


def _given(rows: Column) -> TableValuedAlias:
    columns = (sqlalchemy_column(column.name, column.type) for column in audit_entries.c)
    return func.jsonb_to_recordset(type_coerce(rows, JSONB)).table_valued(*columns).render_derived(with_types=True)


def _inserted(found: Select[Any]) -> CTE:
    statement = insert(audit_entries).from_select([column.name for column in audit_entries.c], found)
    return statement.returning(audit_entries.c.id).cte()


async def export(
    work: Work, *, tenant_id: UUID | None = None, first_id: UUID | None = None, beyond_id: UUID | None = None
) -> AsyncIterator[Mapping[str, Any]]:
    """Every entry, oldest first, a page at a time, so that a long history needs little memory.

    Ids begin with their moment, so a span of time is one of ids: from `first_id` on, and before `beyond_id`.
    """
    last: UUID | None = None
    while True:
        page = await work.read(_page(tenant_id, last, first_id=first_id, beyond_id=beyond_id))
        for row in page:
            yield row
        if len(page) < PAGE:
            return
        last = page[-1]["id"]


def _row(work: Work, entry: Entry) -> dict[str, Any]:
    return asdict(entry) | asdict(work.origin) | {"id": work.new_id(), "occurred_at": work.now}


def _plain(value: object) -> object:
    """A value the way JSON says it; PostgreSQL reads it back by the column's type."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _page(tenant_id: UUID | None, after: UUID | None, *, first_id: UUID | None, beyond_id: UUID | None) -> Select[Any]:
    entries = audit_entries.c
    conditions: list[ColumnElement[bool]] = []
    if tenant_id is not None:
        conditions.append(entries.tenant_id == tenant_id)
    if first_id is not None:
        conditions.append(entries.id >= first_id)
    if beyond_id is not None:
        conditions.append(entries.id < beyond_id)
    if after is not None:
        conditions.append(entries.id > after)
    return select(audit_entries).where(*conditions).order_by(entries.id).limit(constant(PAGE))
