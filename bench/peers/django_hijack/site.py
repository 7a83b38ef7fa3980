"""django-hijack as browsers see it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle

from bench.wire import Credentials, post_form

ACQUIRE, RELEASE = "/hijack/acquire/", "/hijack/release/"
CSRF = "0123456789abcdefghijklmnopqrstuv"
"""Cookie and header must say the same; what, is the browser's business."""


@dataclass
class Site:
    """A running server, and everybody who calls it, by the keys of their sessions."""

    port: int
    idle: deque[str]
    customers: Sequence[int]
    acting: deque[str] = field(default_factory=deque)

    def __post_init__(self) -> None:
        """Customers are taken one after the other."""
        self._next = cycle(self.customers)

    def acquire(self, session: str) -> bytes:
        """An administrator begins to act as a customer."""
        return post_form(ACQUIRE, {"user_pk": str(next(self._next))}, _browser(session))

    def release(self, session: str) -> bytes:
        """He stops."""
        return post_form(RELEASE, {}, _browser(session))


def _browser(session: str) -> Credentials:
    return Credentials.cookies({"csrftoken": CSRF, "sessionid": session}, f"X-CSRFToken: {CSRF}")
