"""Adding to the audit, and reading it back in order."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Select, func, insert, select, type_coerce
from sqlalchemy import column as sqlalchemy_column
from sqlalchemy.dialects.postgresql import JSONB

from impersonator_api.audit.entry import Entry
from impersonator_api.audit.tables import audit_entries
from impersonator_api.questions import Column, constant
from impersonator_api.statement import Write
from impersonator_api.work import Work

PAGE = 1000


def recorded(work: Work, entry: Entry) -> Write:
    """An entry of this work's moment and origin."""
    return Write("audit entry", _recorded, _row(work, entry))


def _recorded(**row: Column) -> CTE:
    return insert(audit_entries).values(row).returning(audit_entries.c.id).cte()


def recorded_where_met(work: Work, entries: Sequence[Entry], guard: Write) -> Write:
    """Entries about sessions, each only where the guard's RETURNING `id` holds its session."""
    rows = [{name: _plain(value) for name, value in _row(work, entry).items()} for entry in entries]
    return Write("audit of sessions", _recorded_where_met, {"rows": rows}, after=guard, rows=None)


def _recorded_where_met(guard: CTE, rows: Column) -> CTE:
    columns = list(audit_entries.c)
    given = (
        func.jsonb_to_recordset(type_coerce(rows, JSONB))
        .table_valued(*(sqlalchemy_column(column.name, column.type) for column in columns))
        .render_derived(with_types=True)
    )
    found = select(*given.c).select_from(given.join(guard, guard.c.id == given.c.session_id))
    statement = insert(audit_entries).from_select([column.name for column in columns], found)
    return statement.returning(audit_entries.c.id).cte()


async def export(work: Work, *, tenant_id: UUID | None = None) -> AsyncIterator[dict[str, Any]]:
    """Every entry, oldest first, a page at a time, so that a long history needs little memory."""
    last: UUID | None = None
    while True:
        page = await work.read(_page(tenant_id, last))
        for row in page:
            yield dict(row)
        if len(page) < PAGE:
            return
        last = page[-1]["id"]


def _row(work: Work, entry: Entry) -> dict[str, Any]:
    return {
        **asdict(entry),
        "id": work.new_id(),
        "occurred_at": work.now,
        "ip": work.origin.ip,
        "user_agent": work.origin.user_agent,
        "request_id": work.origin.request_id,
        "trace_id": work.origin.trace_id,
    }


def _plain(value: object) -> object:
    """A value the way JSON says it; PostgreSQL reads it back by the column's type."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _page(tenant_id: UUID | None, after: UUID | None) -> Select[Any]:
    question = select(audit_entries).order_by(audit_entries.c.id).limit(constant(PAGE))
    if tenant_id is not None:
        question = question.where(audit_entries.c.tenant_id == tenant_id)
    return question if after is None else question.where(audit_entries.c.id > after)
