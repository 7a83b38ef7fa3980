"""Verifying tokens that we issued ourselves."""

from datetime import timedelta
from functools import cache

from impersonator_api.tokens.claims import ACCESS, REFRESH
from impersonator_api.tokens.compact import UnverifiedToken, read_unverified
from impersonator_api.tokens.errors import InvalidTokenError
from impersonator_api.tokens.jws import Expected, VerifiedClaims, verify
from impersonator_api.tokens.ring import KeyRing
from impersonator_api.work import Work

REQUIRED = frozenset({"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "azp", "tenant", "scope"})
"""In every token of ours; RFC 9068 §2.2 asks for most of them."""

REQUIRED_OF_REFRESH = REQUIRED | {"sid", "family", "act", "impersonated_by"}

REPLICAS_APART = timedelta(seconds=10)
"""How far another replica's clock may be ahead: its new tokens count at once, and end when they say."""

ACTING = frozenset({"sid", "act", "impersonated_by"})
"""In an access token all of these or none: one that lost any of them lost the actor."""


async def verify_access_token(work: Work, token: UnverifiedToken) -> VerifiedClaims:
    """One of our access tokens, whatever its `aud` (design §6); raises `InvalidTokenError`.

    Whether its session still runs is not asked here.
    """
    key = await work.get(KeyRing).load_verifying_key(work, _kid(token))
    return verify(token, key=key, expected=_access_of(work.settings.issuer), now=work.now)


async def verify_refresh_token(work: Work, token: str) -> VerifiedClaims:
    """One of our refresh tokens; raises `InvalidTokenError`. Whether it was used before is for its row to say."""
    unverified = read_unverified(token)
    key = await work.get(KeyRing).load_own_key(work, _kid(unverified))
    return verify(unverified, key=key, expected=_refresh_of(work.settings.issuer), now=work.now)


def _refuse_without_actor(claims: VerifiedClaims) -> None:
    if ACTING.isdisjoint(claims.claims):
        return
    names = claims.find_text("sid") and claims.find_text("impersonated_by")
    if not names or not isinstance(claims.claims.get("act"), dict):
        raise InvalidTokenError("The token does not say who is acting.")


@cache
def _access_of(issuer: str) -> Expected:
    return Expected(
        issuer=issuer,
        audience=None,
        types=frozenset({ACCESS}),
        required=REQUIRED,
        early=REPLICAS_APART,
        also=_refuse_without_actor,
    )


@cache
def _refresh_of(issuer: str) -> Expected:
    return Expected(
        issuer=issuer,
        audience=issuer,
        types=frozenset({REFRESH}),
        required=REQUIRED_OF_REFRESH,
        early=REPLICAS_APART,
    )


def _kid(token: UnverifiedToken) -> str:
    kid = token.find_header("kid")
    if kid is None:
        raise InvalidTokenError("The token does not name its key.")
    return kid
