"""What a form at the OAuth doors says, and which client it says it comes from."""

from collections.abc import Mapping

from starlette.requests import Request

from impersonator_api import oauth
from impersonator_api.oauth import Presented, TokenRequest
from impersonator_api.oauth.grants.request import REPEATABLE
from impersonator_api.web.bodies import read_form, read_form_of_several


async def read_client(request: Request) -> tuple[Mapping[str, str], Presented]:
    """The form's parameters, and the client as presented: nothing is proven yet.

    Raises `FormError`, and `InvalidOAuthRequestError` where two methods or two clients are named (RFC 6749 §2.3).
    """
    parameters = await read_form(request)
    return parameters, oauth.presented_by(request.headers.getlist("authorization"), parameters)


async def read_token_request(request: Request) -> TokenRequest:
    """What arrives at the token endpoint; raises what `read_client` raises."""
    parameters, several = await read_form_of_several(request, REPEATABLE)
    presented = oauth.presented_by(request.headers.getlist("authorization"), parameters)
    return TokenRequest(presented=presented, parameters=parameters, several=several)
