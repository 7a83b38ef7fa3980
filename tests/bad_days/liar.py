"""An identity provider on loopback that publishes its keys in every way it should not."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from forgery import Pair, pair

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
FOR_EVER = b"Content-Length: 1000000000\r\n\r\n"
INTERNAL = "/internal"
"""What only this machine can reach, and nobody may make the service ask for."""


class Liar:
    """Each path is an issuer of its own, whose tokens are signed with the one key."""

    def __init__(self) -> None:
        self.key: Pair = pair()
        self.port = 0
        self.asked: Counter[str] = Counter()
        self._serving: set[asyncio.Task[Any]] = set()
        self._ways: dict[str, Callable[[asyncio.StreamWriter], Awaitable[None]]] = {
            "/good": self._say(self._jwks(self.key.jwk)),
            "/silent": self._silent,
            "/dripping": self._drip,
            "/huge": self._flood,
            "/redirecting": self._redirect,
            "/html": self._say(b"<!doctype html><title>Sign in</title>"),
            "/another-type": self._say(self._jwks(pair("RS256").jwk | {"kid": self.key.signing.kid})),
            "/hung-up": self._hang_up,
            INTERNAL: self._say(self._jwks(self.key.jwk)),
        }

    def issuer(self, way: str) -> str:
        """The `iss` of tokens that this way is about."""
        return f"http://127.0.0.1:{self.port}/{way}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and hang up."""
        me = asyncio.current_task()
        assert me is not None
        self._serving.add(me)
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().removesuffix("/jwks")
            self.asked[path] += 1
            await self._ways[path](writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()
            self._serving.discard(me)

    def rotate(self) -> None:
        """Publish another key from now on, and withdraw the one that there was."""
        self._ways["/good"] = self._say(self._jwks(pair().jwk))

    async def aclose(self) -> None:
        """Stop everything that never ends."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @staticmethod
    def _jwks(*keys: dict[str, Any]) -> bytes:
        return json.dumps({"keys": keys}).encode()

    @staticmethod
    def _say(body: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
        async def say(writer: asyncio.StreamWriter) -> None:
            writer.write(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()

        return say

    @staticmethod
    async def _silent(_writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    @staticmethod
    async def _hang_up(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    @staticmethod
    async def _drip(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + FOR_EVER)
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.1)

    @staticmethod
    async def _flood(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + FOR_EVER)
        while not writer.is_closing():
            writer.write(b" " * 65_536)
            await writer.drain()

    async def _redirect(self, writer: asyncio.StreamWriter) -> None:
        where = f"Location: http://127.0.0.1:{self.port}{INTERNAL}\r\n"
        writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + where.encode() + b"\r\n")
        await writer.drain()


@asynccontextmanager
async def lying() -> AsyncIterator[Liar]:
    """Let it listen."""
    liar = Liar()
    server = await asyncio.start_server(liar.serve, "127.0.0.1", 0)
    liar.port = server.sockets[0].getsockname()[1]
    yield liar
    server.close()
    await liar.aclose()
