"""The OAuth doors: tokens, and whom they stand for."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from impersonator_api import oauth, sessions
from impersonator_api.oauth import TokenAnswer
from impersonator_api.sessions.identify import ServiceHasNoUserError
from impersonator_api.web import examples
from impersonator_api.web.admin.errors import OF_CREDENTIALS
from impersonator_api.web.caller import CredentialsDep
from impersonator_api.web.oauth_answers import NO_STORE, OF_TOKEN, oauth_errors_documented
from impersonator_api.web.openapi import answer_documented, openapi_form, openapi_security, problems_documented
from impersonator_api.web.presented import CLIENT_ASSERTION, read_token_request
from impersonator_api.web.userinfo import ACTING, UserInfo
from impersonator_api.web.work import DeskDep

router = APIRouter(prefix="/oauth2/v1", tags=["oauth"])

TOKEN_FORM = openapi_form(
    {
        "grant_type": "`client_credentials`, `refresh_token` or `urn:impersonator:params:oauth:grant-type:handover`.",
        "scope": "Space-separated; a refresh may only narrow it.",
        "refresh_token": "For the grant `refresh_token`.",
        "code": "For a hand-over: what the link's fragment holds as `handover_code`.",
        "redirect_uri": "For a hand-over: the registered redirect URI that the link was made from, as it is.",
        "code_verifier": "For a hand-over whose start had a `code_challenge` (RFC 7636).",
        "client_id": "Of a public client; a service uses HTTP Basic.",
        "client_secret": "Instead of HTTP Basic; never both.",
        **CLIENT_ASSERTION,
    },
    examples=examples.TOKEN_FORMS,
    required=["grant_type"],
)


class TokenBody(BaseModel):
    """Tokens (RFC 6749 §5.1). `expires_on` is `expires_in` as seconds since the epoch (seed 001)."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105  # the RFC's word, no password
    expires_in: int
    expires_on: int
    scope: str | None = Field(None, description="Whenever it is not what was asked for.")
    refresh_token: str | None = Field(None, description="The next one, where the client's tokens rotate.")
    refresh_token_expires_in: int | None = None
    refresh_token_expires_on: int | None = None

    @classmethod
    def of(cls, answer: TokenAnswer) -> "TokenBody":
        """The answer of a grant."""
        refresh = answer.refresh
        return cls(
            access_token=answer.access.token,
            expires_in=answer.access.expires_in,
            expires_on=int(answer.access.expires_at.timestamp()),
            scope=None if answer.scope is None else " ".join(sorted(answer.scope)),
            refresh_token=refresh.token if refresh else None,
            refresh_token_expires_in=refresh.expires_in if refresh else None,
            refresh_token_expires_on=int(refresh.expires_at.timestamp()) if refresh else None,
        )


@router.post(
    "/token",
    summary="Trade a credential for tokens",
    response_model=TokenBody,
    response_model_exclude_none=True,
    responses=answer_documented(examples.TOKENS) | oauth_errors_documented(*OF_TOKEN),
    openapi_extra=TOKEN_FORM,
)
async def token(request: Request, desk: DeskDep) -> JSONResponse:
    """Read the form, see who the client says it is, find the grant, run it (RFC 6749 §3.2)."""
    asked = await read_token_request(request)
    answer = await desk.run(oauth.grant_of(asked), asked)
    return JSONResponse(TokenBody.of(answer).model_dump(exclude_none=True), headers=NO_STORE)


@router.get(
    "/userinfo",
    summary="Whom a token stands for, and who is acting",
    response_model=UserInfo,
    responses=answer_documented(examples.USERS) | problems_documented(*OF_CREDENTIALS, ServiceHasNoUserError),
    openapi_extra=openapi_security("bearer"),
)
async def userinfo(desk: DeskDep, credentials: CredentialsDep) -> JSONResponse:
    """The target as it is now, with `act` and `sid` where somebody acts as it; a dead session's token is 401."""
    who = await desk.run(sessions.identify, credentials=credentials)
    body = UserInfo.of(who).model_dump(mode="json", exclude=None if who.acting else ACTING)
    return JSONResponse(body, headers=NO_STORE)
