"""The OAuth doors: tokens, and whom they stand for."""

from typing import Annotated, NotRequired

from pydantic import Field
from starlette.requests import Request
from typing_extensions import TypedDict

from impersonator_api import oauth, sessions
from impersonator_api.oauth import TokenAnswer
from impersonator_api.sessions.identify import InsufficientScopeError, ServiceHasNoUserError
from impersonator_api.web.admin.errors import OF_CREDENTIALS
from impersonator_api.web.answers import Answer, answered
from impersonator_api.web.caller import credentials_of
from impersonator_api.web.doors import Doors
from impersonator_api.web.examples import oauth as examples
from impersonator_api.web.idempotency import IDEMPOTENCY_KEY
from impersonator_api.web.oauth_answers import NO_STORE, OF_TOKEN, oauth_errors_documented
from impersonator_api.web.openapi import answer_documented, openapi_security, problems_documented
from impersonator_api.web.presented import DPOP_PROOF, read_token_request
from impersonator_api.web.token_form import TOKEN_FORM
from impersonator_api.web.userinfo import ACTING, UserInfo
from impersonator_api.web.work import desk_of

router = Doors(prefix="/oauth2/v1", tags=["oauth"])


class TokenBody(TypedDict):
    """Tokens (RFC 6749 §5.1). `expires_on` is `expires_in` as seconds since the epoch."""

    access_token: str
    token_type: str
    issued_token_type: NotRequired[Annotated[str, Field(description="Of an exchange (RFC 8693 §3).")]]
    expires_in: int
    expires_on: int
    scope: NotRequired[Annotated[str, Field(description="Whenever it is not what was asked for.")]]
    refresh_token: NotRequired[Annotated[str, Field(description="The next one, where the client's tokens rotate.")]]
    refresh_token_expires_in: NotRequired[int]
    refresh_token_expires_on: NotRequired[int]


def token_body(answer: TokenAnswer) -> TokenBody:
    """The answer of a grant."""
    access, refresh = answer.access, answer.refresh
    body = TokenBody(
        access_token=access.token,
        token_type=answer.token_type or access.token_type,
        expires_in=access.expires_in,
        expires_on=access.expires_on,
    )
    if answer.issued_token_type is not None:
        body["issued_token_type"] = answer.issued_token_type
    if answer.scope is not None:
        body["scope"] = " ".join(sorted(answer.scope))
    if refresh is not None:
        body["refresh_token"] = refresh.token
        body["refresh_token_expires_in"] = refresh.expires_in
        body["refresh_token_expires_on"] = refresh.expires_on
    return body


@router.hot(
    "POST",
    "/token",
    summary="Trade a credential for tokens",
    response_model=TokenBody,
    responses=answer_documented(examples.TOKENS) | oauth_errors_documented(*OF_TOKEN),
    openapi_extra=TOKEN_FORM | {"parameters": [*IDEMPOTENCY_KEY["parameters"], DPOP_PROOF]},
)
async def token(request: Request) -> Answer:
    """Read the form, see who the client says it is, find the grant, run it (RFC 6749 §3.2)."""
    asked = await read_token_request(request)
    answer = await desk_of(request).run(oauth.grant_of(asked), asked)
    return answered(token_body(answer), NO_STORE)


@router.hot(
    "GET",
    "/userinfo",
    summary="Whom a token stands for, and who is acting",
    response_model=UserInfo,
    responses=answer_documented(examples.USERS)
    | problems_documented(*OF_CREDENTIALS, ServiceHasNoUserError, InsufficientScopeError),
    openapi_extra=openapi_security("bearer"),
)
async def userinfo(request: Request) -> Answer:
    """The target as it is now, with `act` and `sid` where somebody acts as it; a dead session's token is 401."""
    who = await desk_of(request).run(sessions.identify, credentials=await credentials_of(request))
    body = UserInfo.of(who).model_dump(mode="json", exclude=None if who.acting else ACTING)
    return answered(body, NO_STORE)
