"""What is asked about months, and the statements that make them and let them go."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    TableClause,
    Text,
    TextClause,
    Uuid,
    column,
    func,
    literal,
    select,
    table,
    text,
)

from impersonator_api.database import milliseconds
from impersonator_api.history.kinds import History
from impersonator_api.history.month import Month

LOCK = 0x1A9E60
"""Held by whoever lets a month go."""

PARTITIONS = text("""
SELECT parent.relname AS parent, child.relname AS name, nullif(child.reltuples, -1)::bigint AS rows,
       pg_total_relation_size(child.oid) AS bytes
  FROM pg_inherits
  JOIN pg_class AS child ON child.oid = inhrelid
  JOIN pg_class AS parent ON parent.oid = inhparent
 WHERE inhparent IN ('refresh_tokens'::regclass, 'impersonation_sessions'::regclass, 'audit_entries'::regclass)
 ORDER BY parent.relname, child.relname
""")
"""Rows are what PostgreSQL knows without counting."""


def made_months(first: datetime, months: int) -> Select[Any]:
    """Make the partitions of a month and of so many after it; answers how many are new."""
    return select(func.impersonator_ensure_partitions(first, months))


def astray() -> Select[Any]:
    """For each kind of history, whether its default partition holds anything."""
    columns: list[ColumnElement[bool]] = [select(_default(kind)).exists().label(kind.table) for kind in History]
    return select().add_columns(*columns)


def _default(kind: History) -> TableClause:
    return table(f"{kind.table}_default", column("id", Uuid))


def alone() -> Select[Any]:
    """Whether nobody else lets a month go until this transaction is over."""
    return select(func.pg_try_advisory_xact_lock(LOCK))


def owners(kind: History, month: Month, now: datetime) -> Select[Any]:
    """Whose rows a month holds: how many of each tenant, and how many of them still count."""
    rows = table(
        month.partition_of(kind.table),
        column("tenant_id", Uuid),
        column("status", Text),
        column("expires_at", DateTime(timezone=True)),
    )
    alive = func.count().filter(_counts(kind, rows, now))
    return select(rows.c.tenant_id, func.count().label("rows"), alive.label("alive")).group_by(rows.c.tenant_id)


def _counts(kind: History, rows: TableClause, now: datetime) -> ColumnElement[bool]:
    match kind:
        case History.SESSIONS:
            return rows.c.status != "ended"
        case History.REFRESH_TOKENS:
            return rows.c.expires_at > now
        case History.AUDIT:
            return literal(value=False)


def frozen(month: Month) -> TextClause:
    """Let nobody add to a month of the audit, not even by a clock that is wrong, until this transaction is over.

    An entry locks the table and the month that it goes to, so this is in nobody's way.
    """
    return text(f"LOCK TABLE {month.partition_of(History.AUDIT.table)} IN SHARE MODE")


def dropped(kind: History, month: Month) -> TextClause:
    """Drop a month: at once, whatever it holds, and with a lock that shuts everybody out of the whole table."""
    return text(f"DROP TABLE {month.partition_of(kind.table)}")


def waiting(span: timedelta) -> TextClause:
    """Wait for locks no longer than that, until this transaction is over."""
    return text(f"SET LOCAL lock_timeout = {milliseconds(span)}")


def bounds(month: Month) -> tuple[UUID, UUID]:
    """The least id of a month, and that of the next."""
    return month.first_id, month.later(1).first_id
