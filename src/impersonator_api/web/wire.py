"""The server's HTTP protocol: how long it waits for a client, how many it serves, and how it lets them go."""

import asyncio
from math import inf
from typing import Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from impersonator_api.web.limits import DRAINING, MAX_HEADERS, MAX_URI_PART, SURPLUS, WHOLE
from impersonator_api.web.outlet import Outlet

MAX_HEAD: Final = 2 * MAX_URI_PART + MAX_HEADERS + 8 * 1024
"""Bytes; more than the application accepts, so that it is usually the one to say no, with a problem document."""

MAX_PIPELINED: Final = 16
"""Requests that a connection may send ahead; each costs memory before anybody looks at it."""


BODY_FIELDS: Final = frozenset({b"content-length", b"transfer-encoding"})
"""Header fields of requests that have a body."""


class Nowhere(list[tuple[bytes, bytes]]):
    """Keeps nothing."""

    @override
    def append(self, object: tuple[bytes, bytes], /) -> None:
        pass


NOWHERE: Final = Nowhere()
"""Where trailers go (RFC 9112 §7.1.2): they come as header fields do, after what a proxy has checked, without end."""


class TooFarAheadError(Exception):
    """A connection sent more requests ahead than it may; told to the parser, which answers 400."""


class BodyLostError(Exception):
    """A body came with the wish for another protocol; told to the parser, which answers 400.

    The parser takes no body then, and would take its bytes for the connection's next request, which a proxy in front
    of us never saw as one.
    """


class Connections(ServerState):
    """All connections of one server. Those that wait for their client stand in the order in which they began to."""

    def __init__(self, limit: int) -> None:
        """More than `limit` are held only while all of them wait for us."""
        super().__init__()
        self.limit = limit
        self.is_draining = False
        self.resting: dict[BoundedHttpProtocol, None] = {}

    def make_room(self) -> bool:
        """Whether there is room for one that came, after the one that has rested longest was let go if need be."""
        if len(self.connections) <= self.limit:
            return True
        longest = next(iter(self.resting), None)
        if longest is None:
            return False
        longest.hang_up()
        return True

    def drain(self) -> None:
        """From now on every answer is the last of its connection."""
        self.is_draining = True
        for each in self.connections:
            if isinstance(each, BoundedHttpProtocol):
                each.answer_last()

    def lose_patience(self) -> None:
        """Hang up on everybody who lets us wait for too long; a server calls it now and then.

        One look at all costs less than a timer for each request.
        """
        for each in list(self.connections):
            if isinstance(each, BoundedHttpProtocol):
                each.lose_patience()


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses what grows without end, and hangs up on who neither sends what he began nor reads what he asked for.

    The parser keeps a head of any length in memory and waits for it for ever; whoever holds connections without
    asking anything takes them from others. Connections are let go while they wait for their client, never while
    they wait for us.
    """

    head_patience = 15.0
    """Seconds for a request line and its header fields."""

    body_patience = 20.0
    """Seconds for the rest; the application, which answers 408, waits less."""

    reading_patience = 20.0
    """Seconds in which a client must have read its answer."""

    _head_size = 0
    _is_in_head = False
    _is_surplus = False
    _patience_ends_at = inf
    _unread_since: float | None = None

    _outlet: Outlet
    server_state: Connections

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._outlet = Outlet(transport)
        self._is_surplus = not self.server_state.make_room()
        self.server_state.resting[self] = None
        self._patience_ends_at = self.loop.time() + self.head_patience

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.server_state.resting.pop(self, None)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head and not self.transport.is_closing():
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                self.send_400_response("The request's head is too large.")

    @override
    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MAX_PIPELINED:
            raise TooFarAheadError
        self._is_in_head, self._head_size = True, 0
        self._patience_ends_at = self.loop.time() + self.head_patience
        super().on_message_begin()
        if self.server_state.is_draining:
            self.scope["state"][DRAINING] = True
        if self._is_surplus:
            self.scope["state"][SURPLUS] = True

    @override
    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade() and not BODY_FIELDS.isdisjoint(name for name, _ in self.headers):
            raise BodyLostError
        self._is_in_head = False
        self._patience_ends_at = self.loop.time() + self.body_patience
        super().on_headers_complete()
        self.headers = NOWHERE
        self.cycle.transport = self._outlet  # type: ignore[assignment]  # all that a cycle needs of one
        if self.server_state.is_draining or self._is_surplus:
            self.cycle.keep_alive = False

    @override
    def on_message_complete(self) -> None:
        self.scope["state"][WHOLE] = True
        super().on_message_complete()
        if self.cycle.response_complete:
            # Answered before it was whole: nothing but the next request is waited for.
            self._patience_ends_at = self.loop.time() + self.timeout_keep_alive
        else:
            self._patience_ends_at = inf
            self.server_state.resting.pop(self, None)

    @override
    def on_response_complete(self) -> None:
        self._outlet.end()
        super().on_response_complete()
        # One that was sent ahead has just begun, and may be the last.
        if not self.cycle.response_complete or self.transport.is_closing():
            return
        self.server_state.resting[self] = None
        # uvicorn's own timer ends with any byte, and none begins before the next request does.
        if self._patience_ends_at == inf:
            self._patience_ends_at = self.loop.time() + self.timeout_keep_alive

    def answer_last(self) -> None:
        """Close after the answer that is being made, if one is."""
        if self not in self.server_state.resting and not self.transport.is_closing():
            self.cycle.keep_alive = False

    def hang_up(self) -> None:
        """Close; a client that has let an answer lie does not get the rest of it."""
        self.server_state.resting.pop(self, None)
        if self._unread_since is None:
            self.transport.close()
        else:
            self.transport.abort()

    def lose_patience(self) -> None:
        """Hang up if the client has let us wait for too long."""
        now = self.loop.time()
        if not self.transport.get_write_buffer_size():
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        elif now - self._unread_since > self.reading_patience:
            self.hang_up()
        if now > self._patience_ends_at and not self.transport.is_closing():
            self.hang_up()
