"""The grants of the token endpoint, each with the name a request asks for it by."""

from collections.abc import Callable, Coroutine
from typing import Any

from impersonator_api.oauth.errors import UnsupportedGrantTypeError
from impersonator_api.oauth.grants import client_credentials, handover, refresh_token, token_exchange
from impersonator_api.oauth.grants.answer import TokenAnswer
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.work import Work

Grant = Callable[[Work, TokenRequest], Coroutine[Any, Any, TokenAnswer]]

GRANTS: dict[str, Grant] = {
    client_credentials.NAME: client_credentials.client_credentials,
    refresh_token.NAME: refresh_token.refresh_token,
    token_exchange.NAME: token_exchange.token_exchange,
    handover.NAME: handover.handover,
}


def grant_of(request: TokenRequest) -> Grant:
    """The grant that is asked for; raises in the RFC's words where there is none of that name."""
    grant_type = request.load("grant_type")
    if grant_type not in GRANTS:
        raise UnsupportedGrantTypeError(f"Use one of {', '.join(GRANTS)}.")
    return GRANTS[grant_type]


__all__ = ["GRANTS", "Grant", "TokenAnswer", "TokenRequest", "grant_of"]
