"""A year of the past: sessions of everybody with everybody, their refresh tokens and audit, in partitions by month."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from uuid import UUID

import asyncpg
from sqlalchemy import Table

from bench.operation import Filled
from bench.plan import History
from impersonator_api.audit.tables import audit_entries
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.tokens.tables import refresh_tokens

DAYS = 360
PARTITIONS = "SELECT impersonator_ensure_partitions(now() - make_interval(days => $1::int), 13)"
# What is copied refers to what there is, by construction.
UNCHECKED = "SET session_replication_role = replica"

PEOPLE = """
CREATE TEMPORARY TABLE somebody AS
SELECT id, external_id, email, external_id LIKE 'admin-%' AS is_admin,
       (row_number() OVER (PARTITION BY external_id LIKE 'admin-%' ORDER BY id))::int - 1 AS number
  FROM users
"""
COUNTS = "SELECT count(*) FILTER (WHERE is_admin), count(*) FILTER (WHERE NOT is_admin) FROM somebody"

# Each is a copy of the one session that there is, between two other people, and the oldest is written first.
SESSIONS = """
  FROM (SELECT * FROM impersonation_sessions LIMIT 1) AS sample
 CROSS JOIN generate_series($1::int, 1, -1) AS n
 CROSS JOIN LATERAL (SELECT now() - make_interval(secs => n * $2::float8) AS moment) AS written
  JOIN somebody AS admin ON admin.is_admin AND admin.number = n % $3::int
  JOIN somebody AS customer ON NOT customer.is_admin AND customer.number = n % $4::int
"""
SESSION = {
    "id": "uuidv7(moment - clock_timestamp())",
    "impersonator_id": "admin.id",
    "impersonator_label": "admin.external_id",
    "impersonator_email": "admin.email",
    "target_id": "customer.id",
    "target_label": "customer.external_id",
    "target_email": "customer.email",
    "started_at": "moment",
    "ended_at": "moment + interval '10 minutes'",
    "expires_at": "moment + interval '30 minutes'",
}

# Of a session's entries or tokens, each is a copy of one of those of the sample's own, some seconds later.
OF_A_SESSION = """
  FROM (SELECT * FROM impersonation_sessions
         WHERE id >= impersonator_uuid_at(now() - make_interval(days => $3::int))
           AND id < impersonator_uuid_at(now() - make_interval(days => $4::int)) ORDER BY id) AS session
 CROSS JOIN generate_series(1, $1::int) AS m
 CROSS JOIN LATERAL (SELECT session.started_at + make_interval(secs => m) AS moment) AS written
  JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER () AS count FROM {table}
         WHERE session_id = $2) AS sample ON true
 WHERE sample.number = m % sample.count
"""
ENTRY = {
    "id": "uuidv7(moment - clock_timestamp())",
    "occurred_at": "moment",
    "session_id": "session.id",
    **{name: f"session.{name}" for name in ("impersonator_id", "impersonator_label", "target_id", "target_label")},
}
TOKEN = {
    "id": "uuidv7(moment - clock_timestamp())",
    "session_id": "session.id",
    "family_id": "session.id",
    "issued_at": "moment",
    "expires_at": "session.expires_at",
    "used_at": "session.ended_at",
}


async def make_history(dsn: str, history: History) -> Filled:
    """Multiply the one session there is, which is over, with all that belongs to it, and tell the planner."""
    begun_at = perf_counter()
    async with _connected(dsn) as one, _connected(dsn) as other:
        sample_id = await one.fetchval("SELECT id FROM impersonation_sessions")
        await _make_sessions(one, history)
        # PostgreSQL has the other cores to itself meanwhile; each half of the year is in months of its own.
        each = history.audit_entries // history.sessions
        halves = ((one, DAYS + 1, DAYS // 2), (other, DAYS // 2, 0))
        await asyncio.gather(*(_make_belongings(where, each, sample_id, *days) for where, *days in halves))
        await one.execute("VACUUM (ANALYZE)")
        await one.execute("CHECKPOINT")
        size = await one.fetchval("SELECT pg_database_size(current_database())")
    return Filled(history.sessions, history.audit_entries, seconds=perf_counter() - begun_at, bytes=size)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(UNCHECKED)
        yield connection
    finally:
        await connection.close()


async def _make_sessions(connection: asyncpg.Connection, history: History) -> None:
    await connection.execute(PARTITIONS, DAYS)
    await connection.execute(PEOPLE)
    await connection.execute("ANALYZE somebody")
    counts = await connection.fetchrow(COUNTS)
    seconds = DAYS * 24 * 3600 / history.sessions
    await connection.execute(_copies(impersonation_sessions, SESSION, SESSIONS), history.sessions, seconds, *counts)


async def _make_belongings(
    connection: asyncpg.Connection, entries: int, sample_id: UUID, oldest: int, newest: int
) -> None:
    """Of sessions between so many days ago and so many."""
    for table, values, each in ((refresh_tokens, TOKEN, 1), (audit_entries, ENTRY, entries)):
        rows = OF_A_SESSION.format(table=table.name)
        await connection.execute(_copies(table, values, rows), each, sample_id, oldest, newest)


def _copies(table: Table, values: dict[str, str], rows: str) -> str:
    columns = {column.name: values.get(column.name, f"sample.{column.name}") for column in table.c}
    return f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {', '.join(columns.values())} {rows}"
