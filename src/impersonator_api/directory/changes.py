"""Changing the directory, many rows at a time: each write is one expression, whatever number of rows it holds.

Rows travel as one JSON parameter and come back as typed columns, so ten thousand people are one statement.
Whoever changes a tenant locks it first (`tenant_locked`), raises its revision, and then writes the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Delete,
    Executable,
    Insert,
    Select,
    Table,
    TableValuedAlias,
    Update,
    and_,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from impersonator_api.directory.tables import tenants
from impersonator_api.statement import Write

Row = Mapping[str, Any]

ISSUERS_LOCK = 0x1A9E51
"""Held while issuers change: what is allowed in one tenant depends on what the others list."""


def tenant_locked(slug: str) -> Select[Any]:
    """A tenant's row, nobody else's to change until this transaction is over."""
    return select(tenants).where(tenants.c.slug == slug).with_for_update()


def tenant_made(row: Row) -> Executable:
    """A new tenant; meets no row where somebody else has just made it."""
    return insert_or_update(tenants).values(**row).on_conflict_do_nothing().returning(*tenants.c)


def issuers_locked() -> Select[Any]:
    """Nobody else changes issuers until this transaction is over."""
    return select(func.pg_advisory_xact_lock(ISSUERS_LOCK))


def revision_raised(tenant_id: UUID, values: Row) -> Write:
    """A tenant's next revision, and what else of it changed; the first write of every change."""
    statement = update(tenants).where(tenants.c.id == tenant_id).values(revision=tenants.c.revision + 1, **values)
    return Write("tenant raised", statement.returning(tenants.c.id).cte(), touched=((tenants, tenant_id),))


def inserted(table: Table, rows: Sequence[Row]) -> Write:
    """New rows; all have the same columns."""
    given = _given(table, rows)
    statement = insert(table).from_select([each.name for each in given.c], select(*given.c))
    return Write(f"{table.name} inserted", _returning(statement, table), rows=len(rows))


def replaced(table: Table, rows: Sequence[Row]) -> Write:
    """Rows with an `id` take the values given for their other columns."""
    given = _given(table, rows)
    values = {each.name: each for each in given.c if each.name != "id"}
    statement = update(table).where(table.c.id == given.c.id).values(values)
    return Write(f"{table.name} changed", _returning(statement, table), rows=len(rows))


def upserted(table: Table, rows: Sequence[Row]) -> Write:
    """Rows that are inserted, or take the place of those with the same primary key."""
    given = _given(table, rows)
    statement = insert_or_update(table).from_select([each.name for each in given.c], select(*given.c))
    keys = [each.name for each in table.primary_key]
    values = {each.name: statement.excluded[each.name] for each in given.c if each.name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=values)
    return Write(f"{table.name} written", _returning(statement, table), rows=len(rows))


def removed(table: Table, rows: Sequence[Row]) -> Write:
    """Rows that are no more; only what ties things together is ever deleted."""
    given = _given(table, rows)
    same = and_(*(_same(table.c[each.name], each) for each in given.c))
    return Write(f"{table.name} removed", _returning(delete(table).where(same), table), rows=len(rows))


def freed(table: Table, column_name: str, ids: Iterable[UUID]) -> Write:
    """A unique column emptied, so that two rows may trade its values in the next statement."""
    statement = update(table).where(table.c.id.in_(ids)).values({column_name: None})
    return Write(f"{table.name} {column_name} freed", _returning(statement, table), rows=None)


def _same(stored: Column[Any], given: ColumnElement[Any]) -> ColumnElement[bool]:
    # No index serves IS NOT DISTINCT FROM, so it is kept for columns that may be empty.
    return stored.is_not_distinct_from(given) if stored.nullable else stored == given


def _returning(statement: Insert | Update | Delete, table: Table) -> CTE:
    return statement.returning(next(iter(table.c))).cte()


def _given(table: Table, rows: Sequence[Row]) -> TableValuedAlias:
    columns: list[ColumnElement[Any]] = [column(name, table.c[name].type) for name in rows[0]]
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return func.jsonb_to_recordset(literal(plain, JSONB)).table_valued(*columns).render_derived(with_types=True)


def _plain(value: object) -> object:
    """A value the way JSON says it; PostgreSQL reads it back by the column's type."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, UUID) else value
