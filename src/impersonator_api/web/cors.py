"""Letting browser applications call the doors made for them (Fetch standard, CORS protocol).

An origin is allowed where an active SPA has a redirect URI of it. That is no right: the token decides, and no
cookie is ever allowed along. So the answer may be remembered for a while.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impersonator_api.directory.lookup import is_spa_origin
from impersonator_api.errors import UnavailableError
from impersonator_api.web.work import office_of

METADATA = "/.well-known/oauth-authorization-server"
PATHS = frozenset(
    {
        METADATA,
        "/.well-known/jwks.json",
        "/oauth2/v1/token",
        "/oauth2/v1/userinfo",
        "/oauth2/v1/revoke",
        "/identity/v1/logout",
    }
)
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type, dpop",
    "Access-Control-Max-Age": "600",
}
EXPOSED = "retry-after, www-authenticate"
"""What a script may read of an answer besides its body: when to try again, and why it was refused."""

REMEMBERED = timedelta(seconds=30)
MOST_REMEMBERED = 1024
LONGEST_ORIGIN = 255
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+")
"""RFC 6454 §6.2: scheme, host, perhaps a port; anything longer or shorter would match a part of a redirect URI."""


class Cors:
    """Pure ASGI: answers preflights of allowed origins, and names the origin on the answers that follow."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._known: dict[str, tuple[bool, datetime]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on that is no browser's cross-origin call to one of the doors."""
        if scope["type"] != "http" or not _is_for_browsers(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        origins = request.headers.getlist("origin")
        is_allowed = len(origins) == 1 and await self._is_allowed(request, origins[0])
        # Vary also where the origin is refused, or a cache would hand one origin's answer to another.
        fields = {"Vary": "Origin"}
        if is_allowed:
            fields |= {"Access-Control-Allow-Origin": origins[0], "Access-Control-Expose-Headers": EXPOSED}
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            await Response(status_code=204, headers=fields | (PREFLIGHT if is_allowed else {}))(scope, receive, send)
            return
        await self._app(scope, receive, _with_fields(send, fields.items()))

    async def _is_allowed(self, request: Request, origin: str) -> bool:
        office = office_of(request)
        desk = office.desk(request.scope["state"]["origin"])
        now = desk.clock()
        known = self._known.get(origin)
        if known is not None and known[1] > now:
            return known[0]
        is_one = len(origin) <= LONGEST_ORIGIN and ORIGIN.fullmatch(origin) is not None
        try:
            allowed = is_one and await desk.run(is_spa_origin, origin)
        except UnavailableError:
            # The door says so itself, and a browser application known a moment ago may read that.
            return known is not None and known[0]
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[origin] = (allowed, now + REMEMBERED)
        return allowed


def _is_for_browsers(path: str) -> bool:
    # RFC 8414 §3.1: an issuer's own path follows.
    return path in PATHS or path.startswith(f"{METADATA}/")


def _with_fields(send: Send, fields: Iterable[tuple[str, str]]) -> Send:
    added = [(name.lower().encode(), value.encode()) for name, value in fields]

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *added]
        await send(message)

    return dressed
