"""People and sessions as better-auth itself would have written them."""

import asyncpg

from bench.plan import Plan

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105  of a server that lives for minutes, on loopback
SESSIONS_EACH = 50
CUSTOMERS = 1000
"""Whom somebody acts as; sessions are listed of others."""

PEOPLE = """
INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt", role, banned)
SELECT md5($1 || n), $1 || n, $1 || n || '@bench.test', true, now(), now(), $2, false FROM generate_series(1, $3::int) n
"""
SESSIONS = """
INSERT INTO session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
SELECT md5($1 || ' session ' || n || ' ' || m), now() + interval '7 days', md5($1 || ' token ' || n || ' ' || m),
       now(), now(), '127.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', md5($1 || n)
  FROM generate_series(1, $2::int) n, generate_series(1, $3::int) m
"""


async def fill(dsn: str, plan: Plan) -> None:
    """Administrators who have logged in, customers, and customers with a page of sessions each."""
    connection = await asyncpg.connect(dsn)
    regulars = plan.peer_sessions // SESSIONS_EACH
    try:
        await connection.execute(PEOPLE, "admin-", "admin", plan.connections)
        await connection.execute(PEOPLE, "customer-", "user", CUSTOMERS)
        await connection.execute(PEOPLE, "regular-", "user", regulars)
        await connection.execute(SESSIONS, "admin-", plan.connections, 1)
        await connection.execute(SESSIONS, "regular-", regulars, SESSIONS_EACH)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
