"""The grants of the token endpoint, each with the name a request asks for it by."""

from collections.abc import Callable, Coroutine
from typing import Any

from impersonator_api.oauth.errors import InvalidOAuthRequestError, UnsupportedGrantTypeError
from impersonator_api.oauth.grants import client_credentials, refresh_token
from impersonator_api.oauth.grants.answer import TokenAnswer

Grant = Callable[..., Coroutine[Any, Any, TokenAnswer]]

GRANTS: dict[str, Grant] = {
    client_credentials.NAME: client_credentials.client_credentials,
    refresh_token.NAME: refresh_token.refresh_token,
}


def grant_of(grant_type: str | None) -> Grant:
    """The grant of that name; raises in the RFC's words where there is none."""
    if grant_type is None:
        raise InvalidOAuthRequestError("The parameter grant_type is missing.")
    if grant_type not in GRANTS:
        raise UnsupportedGrantTypeError(f"Use one of {', '.join(GRANTS)}.")
    return GRANTS[grant_type]


__all__ = ["GRANTS", "Grant", "TokenAnswer", "grant_of"]
