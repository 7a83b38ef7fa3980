"""One connection to the service: requests go out as bytes, answers come back whole, and a lost connection is told."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from httptools import HttpParserUpgrade, HttpResponseParser
from typing_extensions import override

from bench.wire import LOOPBACK

PATIENCE = 20.0
"""Seconds for one answer: nothing that the service does may take as long, whatever day it is."""


class ConnectionLostError(ConnectionError):
    """The other side hung up before it had answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Line(asyncio.Protocol):
    """A connection that is opened when it is needed, and kept."""

    def __init__(self, port: int, *, source: str = LOOPBACK) -> None:
        self._port, self._source = port, source
        self._transport: asyncio.Transport | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send one request; raises `ConnectionLostError`, and `TimeoutError` after far too long."""
        if self._transport is None or self._transport.is_closing():
            await self.open()
        self._begin_answer()
        cast("asyncio.Transport", self._transport).write(request)
        async with asyncio.timeout(PATIENCE):
            return await self._answer

    async def open(self) -> None:
        """Connect, and ask nothing yet."""
        self._begin_answer()
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: self, LOOPBACK, self._port, local_addr=(self._source, 0)
            )
        except OSError as error:
            raise ConnectionLostError(str(error)) from error

    @property
    def is_open(self) -> bool:
        """Whether the other side has not hung up."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as error:
            raise AssertionError("Nobody asked for another protocol.") from error

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._answer.done():
            self._answer.set_exception(ConnectionLostError(str(exc or "closed by the server")))
            # Where nobody waits for an answer, nobody need be told.
            self._answer.exception()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body += body

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), self._headers, self._body))

    def _begin_answer(self) -> None:
        self._parser = HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body = b""
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
