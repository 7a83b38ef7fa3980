"""One keep-alive connection that holds one conversation and times each answer."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import cast

from httptools import HttpResponseParser
from typing_extensions import override

from bench.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Expected:
    """What each answer must be: an introspection of a dead token is quick, and 200 as well."""

    status: int = HTTPStatus.OK
    words: bytes = b""
    """Part of the body."""


class UnexpectedAnswerError(Exception):
    """An answer was not what it must be, or a connection was lost; no figure is worth anything then."""


class Talk(asyncio.Protocol):
    """Asks, waits for the answer, checks it, asks again; until the conversation or the time is over."""

    def __init__(self, conversation: Conversation, expected: Expected) -> None:
        """Nothing is asked before `begin`."""
        self.latencies: list[float] = []
        """In seconds, from the request's first byte to the answer's last."""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended_at = 0.0
        self._conversation = conversation
        self._expected = expected
        self._parser = HttpResponseParser(self)
        self._body = b""
        self._is_complete = False
        self._asked_at = 0.0
        self._ends_at = 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def begin(self, *, ends_at: float) -> None:
        """Ask for the first time; nothing is asked after that moment of `perf_counter`."""
        self._ends_at = ends_at
        self._ask(next(self._conversation, None))

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)
        if self._is_complete:
            self._answered()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(UnexpectedAnswerError(f"A connection was lost ({exc or 'closed by the server'})."))

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body += body

    def on_message_complete(self) -> None:
        """Called by the parser; with one request at a time there is never a second answer behind it."""
        self._is_complete = True

    def abandon(self) -> None:
        """Hang up, whatever is still to come; nothing where the conversation is over."""
        self.over.cancel()
        self._transport.abort()

    def _answered(self) -> None:
        now = perf_counter()
        self.latencies.append(now - self._asked_at)
        body, self._body, self._is_complete = self._body, b"", False
        status = self._parser.get_status_code()
        if status != self._expected.status or self._expected.words not in body:
            self._leave(UnexpectedAnswerError(f"{status} {body[:500].decode(errors='replace')}"))
            return
        try:
            request = self._conversation.send(body)
        except StopIteration:
            request = None
        self._ask(request if now < self._ends_at else None)

    def _ask(self, request: bytes | None) -> None:
        if request is None:
            self._leave()
            return
        self._asked_at = perf_counter()
        self._transport.write(request)

    def _leave(self, error: Exception | None = None) -> None:
        self.ended_at = perf_counter()
        self._conversation.close()
        if error is None:
            self.over.set_result(None)
        else:
            self.over.set_exception(error)
        self._transport.close()
