"""That django-hijack's doors do what they are measured for."""

from http import HTTPStatus

import asyncpg

from bench.load import answers_of
from bench.peers.django_hijack.site import Site
from bench.peers.proof import prove
from bench.talk import Expected

MOVED = Expected(status=HTTPStatus.FOUND)
THERE = "SELECT EXISTS (SELECT FROM django_session WHERE session_key = $1 AND expire_date > now())"


async def proved(site: Site, dsn: str) -> None:
    """Each door writes a new session and takes the old one away; raises `ProofError`."""
    connection, own = await asyncpg.connect(dsn), site.idle.popleft()
    try:
        acting = await _answer(site, site.acquire(own))
        prove("acquire writes its session", is_so=await connection.fetchval(THERE, acting))
        prove("acquire takes the administrator's away", is_so=not await connection.fetchval(THERE, own))
        again = await _answer(site, site.release(acting))
        prove("release gives it back", is_so=await connection.fetchval(THERE, again))
        prove("release ends the other", is_so=not await connection.fetchval(THERE, acting))
        site.idle.append(again)
    finally:
        await connection.close()


async def _answer(site: Site, request: bytes) -> str:
    [body] = await answers_of(site.port, [request], connections=1, expected=MOVED)
    return body.decode()
