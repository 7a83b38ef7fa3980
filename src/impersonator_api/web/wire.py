"""The server's HTTP protocol, with bounds on what comes before a request reaches the application."""

import asyncio
from asyncio import TimerHandle

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from impersonator_api.web.limits import MAX_HEADERS, MAX_URI_PART


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses a head (request line and header fields) that grows without end, and hangs up on one that never comes.

    The parser keeps a head of any length in memory and waits for it for ever; and whoever holds connections open
    without asking anything takes them from others.
    """

    max_head = 2 * MAX_URI_PART + MAX_HEADERS + 8 * 1024
    """Bytes; more than the application accepts, so that it is usually the one to say no, with a problem document."""

    head_timeout = 15.0
    """Seconds."""

    _head_size = 0
    _hang_up: TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._await_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._hang_up is None:
            return
        self._head_size += len(data)
        if self._head_size > self.max_head and not self.transport.is_closing():
            self.send_400_response("The request's head is too large.")

    @override
    def on_message_begin(self) -> None:
        self._await_head()
        super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_came()
        self._hang_up = self.loop.call_later(self.head_timeout, self.transport.close)

    def _head_came(self) -> None:
        self._head_size = 0
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None
