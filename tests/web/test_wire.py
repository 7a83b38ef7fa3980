"""Clients that send too much, too slowly, too far ahead or nothing at all, in bytes over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Receive, Scope, Send

from impersonator_api.web.wire import MAX_PIPELINED, BoundedHttpProtocol
from serving import Served, hello, serving, talk

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Impatient(BoundedHttpProtocol):
    """Waits less, so that a test does not wait long."""

    head_patience = 0.3
    body_patience = 0.3
    reading_patience = 0.3


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server with little patience whose application says 200 to everything."""
    async with serving(hello, Impatient) as served:
        yield served


async def test_requests_follow_each_other_on_one_connection(served: Served) -> None:
    answer = await talk(served.port, REQUEST, REQUEST + REQUEST, LAST)

    assert answer.count(b"HTTP/1.1 200") == 4


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\nX-Long: ", *[b"a" * 40_000] * 2],
        [b"GET / HTTP/1.1\r\n", *[b"X-Many: " + b"a" * 6_000 + b"\r\n"] * 10],
        [b"GET / HTTP/1.1\r\n", *[b"a:\r\n" * 2_000] * 8],
        [b"GET /", *[b"a" * 40_000] * 2],
    ],
    ids=["one long field", "many fields", "very many short fields", "a long path"],
)
async def test_a_head_without_end_is_cut_off(served: Served, pieces: list[bytes]) -> None:
    answer = await talk(served.port, *pieces)

    assert answer.startswith(b"HTTP/1.1 400")
    assert b"too large" in answer


@pytest.mark.parametrize(
    "pieces", [[], [b"GET / HT"], [REQUEST, b"GET / HT"]], ids=["nothing", "a half", "a second half"]
)
async def test_who_never_finishes_a_head_is_hung_up_on(served: Served, pieces: list[bytes]) -> None:
    answer = await talk(served.port, *pieces)

    assert answer.count(b"HTTP/1.1") == len(pieces[1:])


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nX-Slow: ", b"\r\n"], ids=["a head", "empty lines"])
async def test_a_trickle_buys_no_time(served: Served, head: bytes) -> None:
    trickle = [head, *[head[-1:]] * 1000]

    answer = await talk(served.port, *trickle)

    assert answer == b""


@pytest.mark.parametrize(
    "pieces",
    [
        [b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", *[b"a"] * 3],
        [CHUNKED, *[b"1\r\na\r\n"] * 3],
        [CHUNKED, b"1;" + b"extended" * 100],
        [CHUNKED, b"0\r\n", *[b"X-Trailer: a\r\n"] * 3],
    ],
    ids=["by length", "in chunks", "a chunk's extension", "trailers"],
)
async def test_a_body_that_never_ends_is_hung_up_on_though_it_was_answered(served: Served, pieces: list[bytes]) -> None:
    answer = await talk(served.port, *pieces)

    assert answer.count(b"HTTP/1.1 200") == 1
    assert served.connections == 0


async def test_trailers_are_no_header_fields() -> None:
    seen: list[list[tuple[bytes, bytes]]] = []

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        seen.append(list(scope["headers"]))
        await hello(scope, receive, send)

    async with serving(watching) as served:
        await talk(served.port, CHUNKED + b"1\r\na\r\n0\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n" + LAST)

    assert b"x-forwarded-for" not in dict(seen[0])


async def test_who_sends_too_far_ahead_is_cut_off(served: Served) -> None:
    answer = await talk(served.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * (MAX_PIPELINED + 2))

    assert b"HTTP/1.1 400" in answer


async def test_a_connection_that_has_asked_may_rest(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(REQUEST)
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(1.5)

    writer.write(REQUEST)

    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_who_does_not_read_his_answer_is_hung_up_on() -> None:
    async def endless(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(300):
            await send({"type": "http.response.body", "body": b"a" * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async with serving(endless, Impatient) as served:
        _, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
        writer.write(LAST)
        await asyncio.sleep(0.5)
        await asyncio.sleep(3)
        still_at_it = len(served.server.server_state.tasks)
        writer.close()

    assert still_at_it == 0
