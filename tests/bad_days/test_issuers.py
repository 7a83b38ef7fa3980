"""Another issuer's JWKS endpoint is slow, dead or lying: its own callers are told, and nobody else notices."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from attacks.doors import SESSIONS
from bad_days.conftest import Serve, Tell, Town
from bad_days.liar import INTERNAL, Liar, lying
from bad_days.serving import Serving
from bad_days.wire import Answer, Line
from bench.wire import Credentials, get

FETCH = 5.0
"""Seconds that the service gives a fetch."""
MARGIN = 2.0
WAYS = ("silent", "dripping", "huge", "redirecting", "html", "another-type", "hung-up")

Ask = Callable[[Serving, str], Awaitable[Answer]]


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    """Who publishes keys badly."""
    async with lying() as liar:
        yield liar


@pytest.fixture
async def ask(town: Town, liar: Liar) -> Ask:
    """Calls with a token of the issuer of that way."""
    ana = await town.acme.person("ana", "super_admin")
    for way in (*WAYS, "good", "dead"):
        issuer = liar.issuer(way)
        await town.acme.issuer(issuer, jwks_uri="http://127.0.0.1:1/jwks" if way == "dead" else f"{issuer}/jwks")

    async def call(service: Serving, way: str) -> Answer:
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": liar.issuer(way), "aud": "impersonator", "sub": ana.external_id, "iat": now, "exp": now + 300}
        line = Line(service.port)
        try:
            return await line.ask(get(SESSIONS, Credentials.bearer(liar.key.token(claims))))
        finally:
            line.close()

    return call


async def seconds_of(asking: Awaitable[Answer]) -> tuple[float, Answer]:
    began = time.monotonic()
    answer = await asking
    return time.monotonic() - began, answer


async def test_whoever_publishes_no_usable_keys_is_told_so_in_bounded_time(serve: Serve, ask: Ask, liar: Liar) -> None:
    async with serve() as service:
        memory = service.memory
        told = dict(zip(WAYS, await asyncio.gather(*(seconds_of(ask(service, way)) for way in WAYS)), strict=True))
        told["dead"] = await seconds_of(ask(service, "dead"))
        grown = service.memory - memory

    another_type = told.pop("another-type")[1]
    assert (another_type.status, another_type.json()["code"]) == (401, "invalid-token")
    assert {(answer.status, answer.json()["code"]) for _, answer in told.values()} == {(503, "issuer-keys-unavailable")}
    assert all(answer.headers["retry-after"].isdigit() for _, answer in told.values())
    assert max(seconds for seconds, _ in told.values()) < FETCH + MARGIN
    assert liar.asked[INTERNAL] == 0
    assert grown < 32 * 1024 * 1024


async def test_callers_of_a_silent_issuer_hold_up_nobody_else(serve: Serve, town: Town, ask: Ask, tell: Tell) -> None:
    async with serve(settings={"POOL_SIZE": "8"}) as service:
        assert (await ask(service, "good")).status == 200
        crowd = town.crowd(service)
        async with crowd.at_work() as seen:
            held_up = [asyncio.create_task(seconds_of(ask(service, "silent"))) for _ in range(40)]
            await asyncio.sleep(0.5)
            others = [await seconds_of(ask(service, "good")) for _ in range(10)]
            others += [await seconds_of(ask(service, "html"))]
            await crowd.all_answered_since(time.monotonic(), seconds=2)
            told = await asyncio.gather(*held_up)
    slowest = [max(seconds for seconds, _ in some) for some in (others, told)]
    tell(f"other issuers' callers at most after {slowest[0]:.2f} s, its own after {slowest[1]:.2f} s; {seen.words}")

    assert not seen.unanswered, seen.kinds
    assert [answer.status for _, answer in others] == [200] * 10 + [503]
    assert slowest[0] < MARGIN
    assert {answer.status for _, answer in told} == {503}
    assert slowest[1] < FETCH + MARGIN
