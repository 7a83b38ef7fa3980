"""better-auth as browsers see it: cookies that it signs, and the requests that they come with."""

import hmac
from base64 import b64encode
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import md5, sha256
from urllib.parse import quote

from bench.peers.better_auth.people import CUSTOMERS, SECRET, SESSIONS_EACH
from bench.place import Place
from bench.wire import LOOPBACK, Credentials, post_json

IMPERSONATE = "/api/auth/admin/impersonate-user"
STOP = "/api/auth/admin/stop-impersonating"
LIST = "/api/auth/admin/list-user-sessions"


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, and everybody who calls it."""

    port: int
    admins: Sequence[str]
    """The token of each one's own session."""
    regulars: int
    """Customers who have a page of sessions."""
    acting: deque[tuple[str, str]] = field(default_factory=deque)
    """An administrator's token and that of the session in which he acts."""

    def impersonate(self, admin: str, customer: int) -> bytes:
        """An administrator begins to act as a customer."""
        cookies = self._cookies({"session_token": admin})
        return post_json(IMPERSONATE, {"userId": _hex(f"customer-{1 + customer % CUSTOMERS}")}, cookies)

    def stop(self, acting: tuple[str, str]) -> bytes:
        """He stops; his browser has all three cookies from the answer to the other request."""
        admin, session = acting
        return post_json(
            STOP,
            {},
            self._cookies({"session_token": session, "admin_session": f"{admin}:", "dont_remember": "true"}),
        )

    def sessions(self, admin: str, regular: int) -> bytes:
        """All the sessions of somebody who has a page of them."""
        cookies = self._cookies({"session_token": admin})
        return post_json(LIST, {"userId": _hex(f"regular-{1 + regular % self.regulars}")}, cookies)

    def _cookies(self, values: dict[str, str]) -> Credentials:
        # It refuses what has cookies and comes from another origin.
        signed = {f"better-auth.{name}": _signed(value) for name, value in values.items()}
        return Credentials.cookies(signed, f"Origin: http://{LOOPBACK}:{self.port}")


def site(place: Place) -> Site:
    """Everybody in his place."""
    plan = place.plan
    admins = [_hex(f"admin- token {number} 1") for number in range(1, plan.connections + 1)]
    return Site(port=place.port, admins=admins, regulars=plan.peer_sessions // SESSIONS_EACH)


def _signed(value: str) -> str:
    digest = hmac.digest(SECRET.encode(), value.encode(), sha256)
    return quote(f"{value}.{b64encode(digest).decode()}", safe="")


def _hex(words: str) -> str:
    return md5(words.encode(), usedforsecurity=False).hexdigest()
