"""How answers leave: in as few pieces as they can, and never later than the client needs them."""

import asyncio

from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from serving import serving, talk

HEAD = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
EXPECTANT = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"


class Pieces(asyncio.Protocol):
    """A client that keeps what it hears as it comes."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.is_over = asyncio.Event()

    @override
    def data_received(self, data: bytes) -> None:
        self.heard.append(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over.set()


async def pieces_of(port: int, request: bytes) -> list[bytes]:
    transport, client = await asyncio.get_running_loop().create_connection(Pieces, "127.0.0.1", port)
    transport.write(request)
    await client.is_over.wait()
    return client.heard


def start_of(length: int) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % length)]}


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was sent, or with a greeting."""
    body = (await receive())["body"] or b"hello"
    await send(start_of(len(body)))
    await send({"type": "http.response.body", "body": body})


async def slowly(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer in two parts."""
    await send(start_of(2))
    await send({"type": "http.response.body", "body": b"1", "more_body": True})
    await asyncio.sleep(0.1)
    await send({"type": "http.response.body", "body": b"2"})


async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Break off after the head."""
    await send(start_of(2))
    raise RuntimeError


async def test_head_and_body_of_an_answer_leave_together() -> None:
    async with serving(echo) as served:
        heard = await pieces_of(served.port, LAST)

    assert len(heard) == 1
    assert heard[0].endswith(b"\r\n\r\nhello")


async def test_what_comes_later_is_not_waited_for() -> None:
    async with serving(slowly) as served:
        heard = await pieces_of(served.port, LAST)

    assert [piece[-1:] for piece in heard] == [b"1", b"2"]


async def test_an_answer_without_a_body_leaves_at_once() -> None:
    async with serving(echo) as served:
        heard = await talk(served.port, HEAD, HEAD + GET, LAST)

    assert heard.count(b"HTTP/1.1 200") == 4
    assert heard.count(b"hello") == 2


async def test_who_waits_to_be_told_to_go_on_is_told() -> None:
    async with serving(echo) as served:
        heard = await talk(served.port, EXPECTANT, b"abc")

    go_on, _, answer = heard.partition(b"\r\n\r\n")
    assert go_on == b"HTTP/1.1 100 Continue"
    assert answer.endswith(b"\r\n\r\nabc")


async def test_an_answer_that_breaks_off_still_tells_how_it_began() -> None:
    async with serving(half) as served:
        heard = await talk(served.port, GET)

    assert heard.startswith(b"HTTP/1.1 200")
