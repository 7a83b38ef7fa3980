"""That better-auth's doors do what they are measured for."""

import json

import asyncpg

from bench.load import answers_of
from bench.peers.better_auth.people import SESSIONS_EACH
from bench.peers.better_auth.site import Site
from bench.peers.proof import prove

IS_ACTING = """
SELECT EXISTS (SELECT FROM session WHERE token = $1 AND "impersonatedBy" IS NOT NULL AND "expiresAt" > now())
"""


async def proved(site: Site, dsn: str) -> None:
    """A session that begins is in the database, one that is stopped is not, and a list has all; raises `ProofError`."""
    admin, connection = site.admins[0], await asyncpg.connect(dsn)
    try:
        [begun] = await answers_of(site.port, [site.impersonate(admin, 0)], connections=1)
        token = json.loads(begun)["session"]["token"]
        prove("impersonate-user writes its session", is_so=await connection.fetchval(IS_ACTING, token))
        await answers_of(site.port, [site.stop((admin, token))], connections=1)
        prove("stop-impersonating ends it", is_so=not await connection.fetchval(IS_ACTING, token))
        [listed] = await answers_of(site.port, [site.sessions(admin, 0)], connections=1)
        prove("list-user-sessions has all of them", is_so=len(json.loads(listed)["sessions"]) == SESSIONS_EACH)
    finally:
        await connection.close()
