"""What a connection's answers are written to: the head of one waits for its body, and both leave together.

uvicorn writes twice, and uvloop sends at once what it is given. The second system call and packet cost a server and its
client as much as everything else that a small answer needs.
"""

import asyncio
from typing import Final

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
"""RFC 9110 §15.2.1: the client waits for it before it sends its body, so it cannot wait for an answer."""


class Outlet:
    """As much of a transport as uvicorn's cycles ask for; a connection's answers follow each other."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self._is_begun = False

    def write(self, data: bytes) -> None:
        """Keep the head, and send everything else with what was kept."""
        if self._is_begun or data == CONTINUE:
            self._transport.write(self._kept() + data)
        else:
            self._is_begun, self._head = True, data

    def end(self) -> None:
        """The answer is complete; one without a body leaves now."""
        self._is_begun = False
        if self._head:
            self._transport.write(self._kept())

    def close(self) -> None:
        """Send what was kept, and then nothing more."""
        self.end()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the transport is closed or about to be."""
        return self._transport.is_closing()

    def _kept(self) -> bytes:
        kept, self._head = self._head, b""
        return kept
