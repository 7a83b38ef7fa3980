"""Changing the directory, many rows at a time: each write is one expression, whatever number of rows it holds.

Rows travel as one JSON parameter and come back as typed columns, so ten thousand people are one statement.
Whoever changes a tenant locks it first (`tenant_locked`), raises its revision, and then writes the rest.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ClauseElement,
    ColumnElement,
    Delete,
    Insert,
    Select,
    Table,
    TableValuedAlias,
    Update,
    Uuid,
    and_,
    any_,
    column,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy import Column as TableColumn
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from impersonator_api.directory.tables import tenants
from impersonator_api.questions import Column
from impersonator_api.statement import Write

Row = Mapping[str, Any]
Names = tuple[str, ...]

ISSUERS_LOCK = 0x1A9E51
"""Held while issuers change: what is allowed in one tenant depends on what the others list."""


def tenant_locked(slug: str) -> Select[Any]:
    """A tenant's row, nobody else's to change until this transaction is over."""
    return select(tenants).where(tenants.c.slug == slug).with_for_update()


def tenant_made(row: Row) -> ClauseElement:
    """A new tenant; meets no row where somebody else has just made it."""
    return insert_or_update(tenants).values(**row).on_conflict_do_nothing().returning(*tenants.c)


def issuers_locked() -> Select[Any]:
    """Nobody else changes issuers until this transaction is over."""
    return select(func.pg_advisory_xact_lock(ISSUERS_LOCK))


def revision_raised(tenant_id: UUID, values: Row) -> Write:
    """A tenant's next revision, and what else of it changed; the first write of every change."""
    touched = ((tenants, tenant_id),)
    return Write("tenant raised", _revision_raised, {"tenant_id": tenant_id, **values}, touched=touched)


def _revision_raised(tenant_id: Column, **values: Column) -> CTE:
    raised = update(tenants).where(tenants.c.id == tenant_id).values(revision=tenants.c.revision + 1, **values)
    return raised.returning(tenants.c.id).cte()


def inserted(table: Table, rows: Sequence[Row]) -> Write:
    """New rows; all have the same columns."""
    return _write("inserted", _inserted, table, rows)


def _inserted(table: Table, names: Names, rows: Column) -> CTE:
    given = _given(table, names, rows)
    return _returning(insert(table).from_select(names, select(*given.c)), table)


def replaced(table: Table, rows: Sequence[Row]) -> Write:
    """Rows with an `id` take the values given for their other columns."""
    return _write("changed", _replaced, table, rows)


def _replaced(table: Table, names: Names, rows: Column) -> CTE:
    given = _given(table, names, rows)
    values = {each.name: each for each in given.c if each.name != "id"}
    return _returning(update(table).where(table.c.id == given.c.id).values(values), table)


def upserted(table: Table, rows: Sequence[Row]) -> Write:
    """Rows that are inserted, or take the place of those with the same primary key."""
    return _write("written", _upserted, table, rows)


def _upserted(table: Table, names: Names, rows: Column) -> CTE:
    given = _given(table, names, rows)
    statement = insert_or_update(table).from_select(names, select(*given.c))
    keys = [each.name for each in table.primary_key]
    values = {each.name: statement.excluded[each.name] for each in given.c if each.name not in keys}
    return _returning(statement.on_conflict_do_update(index_elements=keys, set_=values), table)


def removed(table: Table, rows: Sequence[Row]) -> Write:
    """Rows that are no more; only what ties things together is ever deleted."""
    return _write("removed", _removed, table, rows)


def _removed(table: Table, names: Names, rows: Column) -> CTE:
    given = _given(table, names, rows)
    same = and_(*(_same(table.c[each.name], each) for each in given.c))
    return _returning(delete(table).where(same), table)


def freed(table: Table, column_name: str, ids: Iterable[UUID]) -> Write:
    """A unique column emptied, so that two rows may trade its values in the next statement."""
    shape = (table, column_name)
    return Write(f"{table.name} {column_name} freed", _freed, {"ids": list(ids)}, shape, rows=None)


def _freed(table: Table, column_name: str, ids: Column) -> CTE:
    statement = update(table).where(table.c.id == any_(type_coerce(ids, ARRAY(Uuid)))).values({column_name: None})
    return _returning(statement, table)


def _write(done: str, build: Callable[..., CTE], table: Table, rows: Sequence[Row]) -> Write:
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return Write(f"{table.name} {done}", build, {"rows": plain}, (table, tuple(rows[0])), rows=len(rows))


def _same(stored: TableColumn[Any], given: ColumnElement[Any]) -> ColumnElement[bool]:
    # No index serves IS NOT DISTINCT FROM, so it is kept for columns that may be empty.
    return stored.is_not_distinct_from(given) if stored.nullable else stored == given


def _returning(statement: Insert | Update | Delete, table: Table) -> CTE:
    return statement.returning(next(iter(table.c))).cte()


def _given(table: Table, names: Names, rows: Column) -> TableValuedAlias:
    columns: list[ColumnElement[Any]] = [column(name, table.c[name].type) for name in names]
    return func.jsonb_to_recordset(type_coerce(rows, JSONB)).table_valued(*columns).render_derived(with_types=True)


def _plain(value: object) -> object:
    """A value the way JSON says it; PostgreSQL reads it back by the column's type."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, UUID) else value
