"""Signing and verifying JWTs (RFC 7519)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from json import dumps
from types import MappingProxyType
from typing import NamedTuple, final
from uuid import UUID

import msgspec
from msgspec import Struct, ValidationError, convert

from impersonator_api import metrics
from impersonator_api.tokens.compact import UnverifiedToken, encode_base64url, remember
from impersonator_api.tokens.errors import InvalidTokenError, TokenExpiredError
from impersonator_api.tokens.jwa import SigningKey, VerifyingKey

LAST_INSTANT = 253_402_300_799
"""The last second of the year 9999; what lies behind it is no date of ours."""


_PROOF = object()


@final
class VerifiedClaims:
    """Claims whose signature, issuer, audience, type and dates hold. It only comes out of `verify`."""

    __slots__ = ("claims", "typ")

    def __init__(self, claims: Mapping[str, object], *, typ: str, proof: object) -> None:
        """Refuse whoever has not verified."""
        if proof is not _PROOF:
            message = "VerifiedClaims come out of verify() only"
            raise TypeError(message)
        self.claims: Mapping[str, object] = MappingProxyType(claims)
        self.typ = typ

    def find_text(self, name: str) -> str | None:
        """A claim, if it is there; raises `InvalidTokenError` where it is not a text."""
        value = self.claims.get(name)
        if value is not None and not isinstance(value, str):
            raise InvalidTokenError(f"The token's {name} is not a text.")
        return value

    def load_text(self, name: str) -> str:
        """A claim that must be there; raises `InvalidTokenError`."""
        value = self.find_text(name)
        if not value:
            raise InvalidTokenError(f"The token has no {name}.")
        return value

    def load_id(self, name: str) -> UUID:
        """A claim that is an id of ours; raises `InvalidTokenError`."""
        try:
            return convert(self.load_text(name), UUID)
        except ValidationError as error:
            raise InvalidTokenError(f"The token's {name} is not an id.") from error

    def find_moment(self, name: str) -> int | None:
        """A NumericDate (RFC 7519 §2) in whole seconds since the epoch, if it is there."""
        seconds = _seconds(self.claims, name)
        return None if seconds is None else int(seconds)

    @property
    def expires_at(self) -> datetime:
        """When it ends; `verify` demands it."""
        return datetime.fromtimestamp(_seconds(self.claims, "exp") or 0, UTC)

    @property
    def audiences(self) -> frozenset[str]:
        """The values of `aud`, which is a text or a list (RFC 7519 §4.1.3)."""
        audience = self.claims.get("aud")
        return frozenset(map(str, audience if isinstance(audience, list) else [audience]))

    @property
    def scopes(self) -> frozenset[str]:
        """The values of `scope` (RFC 8693 §4.2); none where it is absent."""
        return frozenset((self.find_text("scope") or "").split())


class Expected(Struct, frozen=True, kw_only=True):
    """What a token must be. `audience` is `None` only where any audience will do (our own doors, design §6).

    `types` is `None` only where the RFC names none; what is one of `refused_types` is of another kind even then.
    `leeway` is for both ends of a token's life, `early` for its beginning alone. `also` raises `InvalidTokenError`
    for claims that do not hold together.
    """

    issuer: str
    audience: str | None
    types: frozenset[str] | None
    refused_types: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    leeway: timedelta = timedelta(0)
    early: timedelta = timedelta(0)
    also: Callable[[VerifiedClaims], None] | None = None


class Verdict(NamedTuple):
    """That a token is what was expected, but for its dates, by this key."""

    key: VerifyingKey
    expected: Expected
    claims: VerifiedClaims


def sign(claims: Mapping[str, object], *, key: SigningKey, typ: str) -> str:
    """Sign claims as a JWT of that `typ` with the key's own algorithm."""
    payload = msgspec.json.encode(claims)
    if payload.find(b"null") >= 0:
        # What JSON has no word for would be null: this raises for it.
        payload = dumps(claims, separators=(",", ":"), allow_nan=False).encode()
    signing_input = f"{key.header(typ)}.{encode_base64url(payload)}"
    return f"{signing_input}.{encode_base64url(key.jose.sign(signing_input.encode()))}"


def verify(token: UnverifiedToken, *, key: VerifyingKey, expected: Expected, now: datetime) -> VerifiedClaims:
    """Verify everything a JWT asserts (RFC 8725, RFC 9068 §4); raises `InvalidTokenError`.

    `jku`, `jwk`, `x5u` and `x5c` are never looked at: the key comes from configuration alone.
    """
    claims = _verify_all_but_dates(token, key, expected)
    _verify_dates(token.claims, now, expected)
    return claims


def _verify_all_but_dates(token: UnverifiedToken, key: VerifyingKey, expected: Expected) -> VerifiedClaims:
    """What holds of a token once, under a key that is still there, holds for ever."""
    for verdict in token.verdicts:
        if verdict.key is key and verdict.expected == expected:
            metrics.token_cache_hit()
            return verdict.claims
    # First, as each kind has keys of its own: whoever mixed them up is told that.
    typ = _verify_type(token, expected)
    assert_signed(token, key)
    _verify_names(token.claims, expected)
    claims = VerifiedClaims(token.claims, typ=typ, proof=_PROOF)
    if expected.also is not None:
        expected.also(claims)
    token.verdicts[:] = [Verdict(key, expected, claims)]
    remember(token)
    return claims


def media_type(typ: object) -> str:
    """How `typ` values are compared: without case and without `application/` (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else ""


def assert_signed(token: UnverifiedToken, key: VerifyingKey) -> None:
    """Raise `InvalidTokenError` unless that key signed it with its own algorithm; the claims stay unverified."""
    is_another = key.is_named and token.header.get("kid") != key.kid
    # RFC 8725 §3.1: the key says which algorithm it is for; the token is only allowed to agree.
    if token.header.get("alg") != key.alg or is_another:
        raise InvalidTokenError("The token is not signed with the key it names.")
    if "crit" in token.header:
        raise InvalidTokenError("The token demands extensions that are not understood.")
    if not key.holds(token):
        raise InvalidTokenError("The token's signature does not hold.")


def _verify_type(token: UnverifiedToken, expected: Expected) -> str:
    typ = media_type(token.header.get("typ"))
    if typ in expected.refused_types or (expected.types is not None and typ not in expected.types):
        raise InvalidTokenError("The token is of another kind than this door takes.")
    return typ


def _verify_names(claims: Mapping[str, object], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise InvalidTokenError("The token comes from another issuer.")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(value, str) for value in audiences):
        raise InvalidTokenError("The token's aud is not a text or a list of texts.")
    if expected.audience is not None and expected.audience not in audiences:
        raise InvalidTokenError("The token is meant for another audience.")
    # Most have them all; what is false may still be there, as 0 is.
    if not all(map(claims.get, expected.required)):
        _refuse_without(claims, expected.required)


def _refuse_without(claims: Mapping[str, object], required: frozenset[str]) -> None:
    missing = sorted(name for name in required if claims.get(name) in (None, ""))
    if missing:
        raise InvalidTokenError(f"The token lacks {', '.join(missing)}.")


def _verify_dates(claims: Mapping[str, object], now: datetime, expected: Expected) -> None:
    moment, slack = now.timestamp(), expected.leeway.total_seconds()
    expires, begins, issued = _seconds(claims, "exp"), _seconds(claims, "nbf"), _seconds(claims, "iat")
    if expires is None:
        raise InvalidTokenError("The token has no exp.")
    if moment >= expires + slack:
        raise TokenExpiredError("The token has expired; get a new one.")
    if max(begins or 0, issued or 0) > moment + slack + expected.early.total_seconds():
        raise InvalidTokenError("The token is not valid yet; compare the clocks.")


def _seconds(claims: Mapping[str, object], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    # Not by `isinstance`: True is an int to Python, and RFC 7519 wants a number.
    if (type(value) is int or type(value) is float) and 0 <= value <= LAST_INSTANT:
        return value
    raise InvalidTokenError(f"The token's {name} is not a date.")
