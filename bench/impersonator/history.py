"""Sessions of the past, so that a list has something to leave out."""

import asyncpg

# Each is a copy of the one that there is, so many seconds older.
COPY = """
INSERT INTO impersonation_sessions
SELECT (jsonb_populate_record(session, jsonb_build_object('id', uuidv7(make_interval(secs => -n))))).*
  FROM impersonation_sessions AS session, generate_series(1, $1::int) AS n
"""


async def make_history(dsn: str, sessions: int) -> None:
    """Multiply the one session there is, which is over, and tell the planner."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(COPY, sessions)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
