"""Letting browser applications call the doors made for them (Fetch standard, CORS protocol).

An origin is allowed where an active SPA has a redirect URI of it. That is no right: the token decides, and no
cookie is ever allowed along. So the answer may be remembered for a while.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from starlette.responses import Response
from starlette.types import Scope

from impersonator_api.directory.lookup import is_spa_origin
from impersonator_api.errors import UnavailableError
from impersonator_api.web.headers import Field
from impersonator_api.web.limits import SURPLUS
from impersonator_api.web.request_context import header_values
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
# Also where the origin is refused, or a cache would hand one origin's answer to another.
VARY: Final = (b"vary", b"Origin")

# What a script may read of an answer besides its body: when to try again, and why it was refused.
EXPOSED: Final = (b"access-control-expose-headers", b"retry-after, www-authenticate")

MAY_SEND: Sequence[Field] = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, dpop"),
    (b"access-control-max-age", b"600"),
)

PREFLIGHT: Final = Response(status_code=204)
"""The answer to a preflight; what is allowed stands in the header fields that go out with it."""

REMEMBERED = timedelta(seconds=30)
MOST_REMEMBERED = 1024
LONGEST_ORIGIN = 255
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+")
"""RFC 6454 §6.2: scheme, host, perhaps a port; anything longer or shorter would match a part of a redirect URI."""


class Cors:
    """Which origins may read what is answered; one look into the database for each, and then memory for a while."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bool, datetime]] = {}

    async def fields_of(self, scope: Scope) -> Sequence[Field]:
        """What the answer at a door for browsers says of the origin that a request came from."""
        origins = header_values(scope, b"origin")
        if len(origins) != 1 or not await self._is_allowed(scope, origins[0]):
            return (VARY,)
        named = (VARY, (b"access-control-allow-origin", origins[0].encode("latin-1")), EXPOSED)
        return (*named, *MAY_SEND) if is_preflight(scope) else named

    async def _is_allowed(self, scope: Scope, origin: str) -> bool:
        office = office_of(scope)
        now = office.pattern.clock()
        allowed, until = self._known.get(origin, (False, now))
        # Whom we have no time for does not cost a statement; he may read that, if he was known a moment ago.
        if until > now or SURPLUS in scope["state"]:
            return allowed
        if len(origin) > LONGEST_ORIGIN or not ORIGIN.fullmatch(origin):
            return False
        try:
            allowed = await office.desk(scope["state"]["origin"]).run(is_spa_origin, origin)
        except UnavailableError:
            # The door says so itself; the same holds.
            return allowed
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[origin] = (allowed, now + REMEMBERED)
        return allowed


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks what another site's script may send to a door that is made for such scripts."""
    if scope["method"] != "OPTIONS" or not is_for_browsers(scope["path"]):
        return False
    return bool(header_values(scope, b"access-control-request-method"))


def is_for_browsers(path: str) -> bool:
    """Whether a door is made for other sites' scripts."""
    # RFC 8414 §3.1: an issuer's own path follows.
    return path in PATHS or path.startswith(f"{METADATA}/")
