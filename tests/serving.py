"""Servers inside the test's own process, and clients that speak to them in bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from impersonator_api.web.server import DrainingServer, ServerConfig
from impersonator_api.web.wire import BoundedHttpProtocol

Protocol = type[BoundedHttpProtocol]


@dataclass(frozen=True)
class Served:
    """A server that runs, and where."""

    port: int
    server: DrainingServer

    @property
    def connections(self) -> int:
        """How many connections it holds."""
        return len(self.server.server_state.connections)


async def hello(scope: Scope, _receive: Receive, send: Send) -> None:
    """Say 200 to everything, before any body has come; to the lifespan nothing."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def serving(
    app: ASGIApp, protocol: Protocol = BoundedHttpProtocol, *, lifespan: str = "off", **told: Any
) -> AsyncIterator[Served]:
    """Serve an application at a free port; `told` is told to the server in place of the defaults."""
    defaults: dict[str, Any] = {"drain": timedelta(0), "keep_alive": timedelta(seconds=75), "connections": 1000}
    config = ServerConfig(_factory(app), host="127.0.0.1", port=0, workers=1, **(defaults | told))
    config.http, config.lifespan = protocol, lifespan  # type: ignore[assignment]  # any name that uvicorn knows
    listener = socket.create_server(("127.0.0.1", 0))
    server = DrainingServer(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  # it tells nobody
        await asyncio.sleep(0.01)
    yield Served(listener.getsockname()[1], server)
    server.should_exit = True
    await running


async def talk(port: int, *pieces: bytes, seconds: float = 4) -> bytes:
    """Send pieces one after the other; what comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            for piece in pieces:
                if writer.transport.is_closing() or reader.at_eof():
                    break
                writer.write(piece)
                await asyncio.sleep(0.01)
            return await _heard(reader)
    finally:
        writer.close()


async def _heard(reader: asyncio.StreamReader) -> bytes:
    """What came before the connection ended, in whichever way."""
    heard = bytearray()
    try:
        while piece := await reader.read(65536):
            heard += piece
    except ConnectionError:
        pass
    return bytes(heard)


def _factory(app: ASGIApp) -> Callable[[], ASGIApp]:
    return lambda: app
