import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from impersonator_api.web.wire import BoundedHttpProtocol

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"


class Impatient(BoundedHttpProtocol):
    """Waits less, so that a test does not wait long."""

    head_timeout = 0.3


async def hello(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where a server listens whose application says 200 to everything."""
    config = uvicorn.Config(hello, ws="none", log_config=None)
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Impatient(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for connection in list(state.connections):
        connection.transport.close()
    await asyncio.sleep(0)


async def talk(port: int, *pieces: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


async def test_requests_follow_each_other_on_one_connection(port: int) -> None:
    answer = await talk(port, REQUEST, REQUEST + REQUEST, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.count(b"HTTP/1.1 200") == 4


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\nX-Long: ", *[b"a" * 40_000] * 2],
        [b"GET / HTTP/1.1\r\n", *[b"X-Many: " + b"a" * 6_000 + b"\r\n"] * 10],
        [b"GET /", *[b"a" * 40_000] * 2],
    ],
    ids=["one long field", "many fields", "a long path"],
)
async def test_a_head_without_end_is_cut_off(port: int, pieces: list[bytes]) -> None:
    answer = await talk(port, *pieces)

    assert answer.startswith(b"HTTP/1.1 400")
    assert b"too large" in answer


@pytest.mark.parametrize(
    "pieces", [[], [b"GET / HT"], [REQUEST, b"GET / HT"]], ids=["nothing", "a half", "a second half"]
)
async def test_who_never_finishes_a_head_is_hung_up_on(port: int, pieces: list[bytes]) -> None:
    answer = await talk(port, *pieces)

    assert answer.count(b"HTTP/1.1") == len(pieces[1:])


async def test_a_connection_that_has_asked_may_rest(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.5)

    writer.write(REQUEST)

    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()
