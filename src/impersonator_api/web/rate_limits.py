"""Who must wait: whoever failed too often, and, where an operator says so, whoever asks too often.

Failures are counted where errors are answered, and looked up where a request says who it comes from. What succeeds
is never counted as a failure, nor is what was turned away for having failed.
"""

import hashlib
import json
from collections.abc import Sequence
from ipaddress import ip_address

from limits import RateLimitItem
from starlette.requests import Request
from starlette.types import Scope

from impersonator_api.callers import Credentials
from impersonator_api.errors import LimitError, Refusal, ServiceError, UnauthenticatedError
from impersonator_api.oauth import Presented
from impersonator_api.oauth.errors import InvalidGrantError
from impersonator_api.rate_limits import RateLimiter, Tally
from impersonator_api.rates import rates_of
from impersonator_api.sessions import Starter
from impersonator_api.settings import Settings
from impersonator_api.tokens import read_unverified
from impersonator_api.tokens.errors import TokenMalformedError
from impersonator_api.web.errors import TooManyAttemptsError

Identity = Sequence[str]
"""Who a request says it comes from, proven or not; never a secret."""

UNREADABLE: Identity = ("unreadable",)
IDENTITY = "identity"
NETWORK_BITS = 64
"""Of an IPv6 address: whoever has one usually has all that share them (RFC 4291 §2.5.1)."""


class RateLimits:
    """The limits of one process; it lies in `app.state.rate_limits`."""

    def __init__(self, settings: Settings, limiter: RateLimiter) -> None:
        self._limiter = limiter
        # Several installations may share one storage.
        self._issuer = settings.issuer
        self._failed = rates_of(settings.failed_rate_limit)
        self._failed_address = rates_of(settings.failed_address_rate_limit)
        self._token = rates_of(settings.token_rate_limit)
        self._start = rates_of(settings.start_rate_limit)

    async def refuse_failing(self, scope: Scope, identity: Identity) -> None:
        """Remember who asks; raises `TooManyAttemptsError` where they, or their address, failed too often."""
        scope["state"][IDENTITY] = identity
        wait = await self._limiter.find_wait(*self._failures_of(scope, identity))
        if wait is not None:
            raise TooManyAttemptsError(
                f"Too many attempts have failed from here; try again in {wait} seconds.", retry_after=wait
            )

    async def count_failure(self, scope: Scope, error: ServiceError) -> None:
        """Count an answer that is a failed authentication, or the refusal of somebody known."""
        identity = scope["state"].get(IDENTITY)
        if _is_failure(error, identity):
            await self._limiter.count(*self._failures_of(scope, identity or UNREADABLE))

    async def count_token_request(self, scope: Scope, presented: Presented) -> None:
        """Raises `LimitError` where the client, as presented, has asked too often from its address."""
        # With the address, or anybody could use up the share of a client by its name.
        await self._spend(self._token, "token", presented.client_id or "", _network(scope))

    async def count_start(self, starter: Starter) -> None:
        """Raises `LimitError` where somebody whose identity is proven has asked for too many starts."""
        await self._spend(self._start, "start", str(starter.tenant_id), str(starter.impersonator_id))

    async def aclose(self) -> None:
        """Let the storage go."""
        await self._limiter.aclose()

    async def _spend(self, rates: Sequence[RateLimitItem], *parts: str) -> None:
        wait = await self._limiter.count(*self._tallies(rates, *parts))
        if wait is not None:
            raise LimitError(f"That was asked for too often; try again in {wait} seconds.", retry_after=wait)

    def _failures_of(self, scope: Scope, identity: Identity) -> list[Tally]:
        network = _network(scope)
        return [
            *self._tallies(self._failed, "failed", network, *identity),
            *self._tallies(self._failed_address, "failed-address", network),
        ]

    def _tallies(self, rates: Sequence[RateLimitItem], *parts: str) -> list[Tally]:
        # A limit that is off is neither looked up nor counted.
        return [Tally(rates, _digest(self._issuer, *parts))] if rates else []


def rate_limits_of(request: Request) -> RateLimits:
    """The limits of the application that this request came to."""
    limits: RateLimits = request.app.state.rate_limits
    return limits


def bearer_identity(credentials: Credentials) -> Identity:
    """Whom a token names, believed in nothing yet."""
    try:
        token = read_unverified(credentials.token)
    except TokenMalformedError:
        return UNREADABLE
    return ("bearer", token.find_text("iss") or "", token.find_text("sub") or "")


def client_identity(presented: Presented) -> Identity:
    """Which client a form names, proven or not."""
    return ("client", presented.client_id or "")


def _is_failure(error: ServiceError, identity: Identity | None) -> bool:
    if isinstance(error, InvalidGrantError):
        return True
    if error.status == UnauthenticatedError.status:
        # Without credentials nothing was tried, and nothing looked up.
        return error.code != UnauthenticatedError.code
    # Nobody is known where another site made a browser ask: its visitor must not have to wait for that.
    return isinstance(error, Refusal) and identity is not None


def _network(scope: Scope) -> str:
    """The caller's IPv4 address or /64; the address honours `trusted_proxies` (request_context.py)."""
    ip: str | None = scope["state"]["origin"].ip
    if ip is None:
        return "unknown"
    address = ip_address(ip)
    return ip if address.version == 4 else f"{int(address) >> NETWORK_BITS:x}/{NETWORK_BITS}"  # noqa: PLR2004  # IPv4


def _digest(*parts: str) -> str:
    """Of bounded length whatever was sent, and nothing that a storage's owner could read people from."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
