"""Tokens that are bound to a key: whoever sends one must prove that he holds it (RFC 7800 §3.1, RFC 9449 §6)."""

from collections.abc import Mapping

from impersonator_api.tokens.errors import InvalidTokenError

BEARER = "Bearer"
DPOP = "DPoP"


def bound_key(claims: Mapping[str, object]) -> str | None:
    """The thumbprint of the key that a token is bound to; `None` for a token that anybody may bear.

    Raises `InvalidTokenError` for a binding of a kind that cannot be checked here (RFC 8705, for example).
    """
    confirmation = claims.get("cnf")
    if confirmation is None:
        return None
    thumbprint = confirmation.get("jkt") if isinstance(confirmation, Mapping) and len(confirmation) == 1 else None
    if not isinstance(thumbprint, str) or not thumbprint:
        raise InvalidTokenError("The token is bound to its sender in a way that is not understood here.")
    return thumbprint


def token_type(claims: Mapping[str, object]) -> str:
    """How an access token of ours is sent (RFC 6749 §7.1)."""
    return DPOP if "cnf" in claims else BEARER
