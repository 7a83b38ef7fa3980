"""Who must wait: whoever failed too often, and, where an operator says so, whoever asks too often.

Failures are counted where errors are answered, and looked up where a request says who it comes from. What succeeds
is never counted as a failure, nor is what was turned away for having failed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from typing import assert_never

from limits import RateLimitItem
from starlette.types import Scope

from impersonator_api.callers import Credentials
from impersonator_api.errors import LimitError, Refusal, ServiceError, UnauthenticatedError
from impersonator_api.metrics import rate_limited
from impersonator_api.oauth import OAuthError, Presented
from impersonator_api.oauth.errors import ExchangeRefusedError
from impersonator_api.policy import InsufficientUserAuthenticationError
from impersonator_api.rate_limits import RateLimiter, Tally
from impersonator_api.rates import rates_of
from impersonator_api.sessions import Starter
from impersonator_api.settings import Settings
from impersonator_api.tokens import read_unverified
from impersonator_api.tokens.errors import TokenMalformedError
from impersonator_api.web.errors import TooManyAttemptsError


@dataclass(frozen=True, slots=True)
class Visit:
    """A public client's request. The client is everywhere at once: which of its users it is, the token says."""

    client_id: str | None
    refresh_token: str = field(repr=False)


Presenter = Credentials | Presented | Visit | None
"""Who a request says it comes from, proven or not; `None` where that cannot be read."""

PRESENTER = "presenter"
UNREADABLE = ("unreadable",)
FAILED_WORDS = frozenset({"invalid_client", "invalid_grant", "invalid_dpop_proof"})
"""With which the OAuth doors say that something presented is not what it claims to be."""

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
        self._longest = max((rate.get_expiry() for rate in (*self._failed, *self._failed_address)), default=0)
        self._token = rates_of(settings.token_rate_limit)
        self._start = rates_of(settings.start_rate_limit)

    async def refuse_failing(self, scope: Scope, presenter: Presenter) -> None:
        """Remember who asks; raises `TooManyAttemptsError` where they, or their address, failed too often."""
        scope["state"][PRESENTER] = presenter
        if not self._limiter.may_wait_at(_network(scope)):
            return
        wait = await self._limiter.find_wait(*self._failures_of(scope, presenter))
        if wait is not None:
            rate_limited("failed")
            raise TooManyAttemptsError(
                f"Too many attempts have failed from here; try again in {wait} seconds.", retry_after=wait
            )

    async def count_failure(self, scope: Scope, error: ServiceError) -> None:
        """Count an answer that is a failed authentication, or the refusal of somebody known."""
        presenter = scope["state"].get(PRESENTER)
        if _is_failure(error, presenter):
            await self._limiter.count(*self._failures_of(scope, presenter))
            # Afterwards, so that no window ends later.
            self._limiter.note(_network(scope), self._longest)

    async def count_token_request(self, scope: Scope, presented: Presented) -> None:
        """Raises `LimitError` where the client, as presented, has asked too often from its address."""
        if self._token:
            # With the address, or anybody could use up the share of a client by its name.
            await self._spend(self._token, "token", presented.client_id or "", _network(scope))

    async def count_start(self, starter: Starter) -> None:
        """Raises `LimitError` where somebody whose identity is proven has asked for too many starts."""
        if self._start:
            await self._spend(self._start, "start", str(starter.tenant_id), str(starter.impersonator_id))

    async def aclose(self) -> None:
        """Let the storage go."""
        await self._limiter.aclose()

    async def _spend(self, rates: Sequence[RateLimitItem], name: str, *parts: str) -> None:
        wait = await self._limiter.count(Tally(rates, _digest(self._issuer, name, *parts)))
        if wait is not None:
            rate_limited(name)
            raise LimitError(f"That was asked for too often; try again in {wait} seconds.", retry_after=wait)

    def _failures_of(self, scope: Scope, presenter: Presenter) -> list[Tally]:
        network = _network(scope)
        return [
            *self._tallies(self._failed, "failed", network, *_identity(presenter)),
            *self._tallies(self._failed_address, "failed-address", network),
        ]

    def _tallies(self, rates: Sequence[RateLimitItem], *parts: str) -> list[Tally]:
        # A limit that is off is neither looked up nor counted.
        return [Tally(rates, _digest(self._issuer, *parts))] if rates else []


def rate_limits_of(scope: Scope) -> RateLimits:
    """The limits of the application that a request came to."""
    limits: RateLimits = scope["app"].state.rate_limits
    return limits


def _is_failure(error: ServiceError, presenter: Presenter) -> bool:
    # Whoever is asked to log in again has proven who he is; an exchange tells it in words of its own.
    if any(isinstance(each, InsufficientUserAuthenticationError) for each in (error, error.__cause__)):
        return False
    if isinstance(error, OAuthError):
        return error.error in FAILED_WORDS or isinstance(error, ExchangeRefusedError)
    if error.status == UnauthenticatedError.status:
        # Without credentials nothing was tried, and nothing looked up.
        return error.code != UnauthenticatedError.code
    # Nobody is known where another site made a browser ask: its visitor must not have to wait for that.
    return isinstance(error, Refusal) and presenter is not None


def _identity(presenter: Presenter) -> Sequence[str]:
    """Nothing that is a secret: what a token or a form says of itself, and no byte of a signature or a password."""
    match presenter:
        case Credentials(token=token):
            return _named_by(token)
        case Presented(client_id=client_id):
            return ("client", client_id or "")
        case Visit(client_id=client_id, refresh_token=token):
            return ("visit", client_id or "", *_named_by(token))
        case None:
            return UNREADABLE
        case _:
            assert_never(presenter)


def _named_by(token: str) -> Sequence[str]:
    try:
        unverified = read_unverified(token)
    except TokenMalformedError:
        return UNREADABLE
    return ("bearer", unverified.find_text("iss") or "", unverified.find_text("sub") or "")


def _network(scope: Scope) -> str:
    """The caller's IPv4 address or /64; the address honours `trusted_proxies` (request_context.py)."""
    return _network_of(scope["state"]["origin"].ip)


@lru_cache(maxsize=4096)
def _network_of(ip: str | None) -> str:
    if ip is None:
        return "unknown"
    address = ip_address(ip)
    return ip if isinstance(address, IPv4Address) else f"{int(address) >> NETWORK_BITS:x}/{NETWORK_BITS}"


def _digest(*parts: str) -> str:
    """Of bounded length whatever was sent, and neither a name nor an address in plain sight of a storage's owner."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
