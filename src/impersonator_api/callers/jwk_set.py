"""Reading a JWK Set (RFC 7517 §5) that somebody else wrote: an issuer of ours, or a client."""

import json
from collections.abc import Mapping

from impersonator_api.tokens import KeyUnusableError, VerifyingKey, parse_public_jwk

MAX_KEYS = 200

Keys = Mapping[tuple[str, str], VerifyingKey]
"""By kid and algorithm."""


class UnusableAnswerError(Exception):
    """What came is no JWKS with a key in it."""


def parse_keys(body: bytes) -> Keys:
    """All keys of a set that can verify; others may be in it and are passed over (RFC 7517 §5)."""
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnusableAnswerError("not JSON") from error
    keys = registered_keys(document) if isinstance(document, dict) else {}
    if not keys:
        raise UnusableAnswerError("no key that can verify")
    return keys


def registered_keys(document: Mapping[str, object]) -> Keys:
    """The same of a set that was read already; none where it is no JWKS, or has too many keys."""
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        return {}
    keys: dict[tuple[str, str], VerifyingKey] = {}
    for jwk in listed:
        for key in _usable(jwk):
            keys.setdefault((key.kid, key.alg), key)
    return keys


def _usable(jwk: object) -> tuple[VerifyingKey, ...]:
    try:
        return parse_public_jwk(jwk) if isinstance(jwk, dict) else ()
    except KeyUnusableError:
        return ()
