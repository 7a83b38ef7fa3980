"""What a form at the OAuth doors says, and which client it says it comes from."""

from collections.abc import Mapping

from starlette.requests import Request

from impersonator_api import oauth
from impersonator_api.oauth import OAuthError, Presented, TokenRequest
from impersonator_api.oauth.grants.request import REPEATABLE
from impersonator_api.web.bodies import read_form, read_form_of_several
from impersonator_api.web.idempotency import read_key
from impersonator_api.web.openapi import Json
from impersonator_api.web.rate_limits import Presenter, Visit, rate_limits_of
from impersonator_api.web.request_context import header_values

CLIENT_ASSERTION: Mapping[str, str] = {
    "client_assertion_type": "`urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with `client_assertion`.",
    "client_assertion": "A JWT signed with a registered key, instead of a secret (RFC 7523 §2.2).",
}
"""How the form's description words `private_key_jwt`."""

DPOP_PROOF: Json = {
    "name": "DPoP",
    "in": "header",
    "required": False,
    "description": "A proof of the key that the tokens shall be bound to (RFC 9449 §5); some clients must send one.",
    "schema": {"type": "string"},
}
"""How the document describes the header field."""


async def read_client(request: Request) -> tuple[Mapping[str, str], Presented]:
    """The form's parameters, and the client as presented: nothing is proven yet.

    Raises `FormError`, `InvalidOAuthRequestError` where two methods or two clients are named (RFC 6749 §2.3), and
    `TooManyAttemptsError` before anything is looked up.
    """
    parameters = await read_form(request)
    return parameters, await _presented(request, parameters)


async def read_token_request(request: Request) -> TokenRequest:
    """What arrives at the token endpoint; raises what `read_client` raises, and `LimitError`."""
    parameters, several = await read_form_of_several(request, REPEATABLE)
    presented = await _presented(request, parameters)
    await rate_limits_of(request.scope).count_token_request(request.scope, presented)
    return TokenRequest(
        presented=presented,
        parameters=parameters,
        several=several,
        proofs=header_values(request.scope, b"dpop"),
        idempotency_key=read_key(request),
    )


async def _presented(request: Request, parameters: Mapping[str, str]) -> Presented:
    limits = rate_limits_of(request.scope)
    try:
        presented = oauth.presented_by(header_values(request.scope, b"authorization"), parameters)
    except OAuthError:
        await limits.refuse_failing(request.scope, None)
        raise
    await limits.refuse_failing(request.scope, _presenter(presented, parameters))
    return presented


def _presenter(presented: Presented, parameters: Mapping[str, str]) -> Presenter:
    token = parameters.get("refresh_token")
    return presented if presented.has_proof or token is None else Visit(presented.client_id, token)
