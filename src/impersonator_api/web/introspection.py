"""The doors that ask about a token, or give it back (RFC 7662, RFC 7009)."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from impersonator_api import metrics, oauth
from impersonator_api.sessions import SessionNotRunningError
from impersonator_api.web.answers import Answer, answered
from impersonator_api.web.doors import Doors
from impersonator_api.web.examples import introspection as examples
from impersonator_api.web.oauth_answers import NO_STORE, OF_ANY, OF_REVOKE, oauth_errors_documented
from impersonator_api.web.openapi import answer_documented, openapi_form, openapi_security
from impersonator_api.web.presented import CLIENT_ASSERTION, read_client
from impersonator_api.web.work import desk_of

router = Doors(prefix="/oauth2/v1", tags=["oauth"])

PARAMETERS = {
    "token": "An access or refresh token.",
    "token_type_hint": "Not needed, and never wrong.",
    "client_id": "Of a public client, which may only revoke.",
    **CLIENT_ASSERTION,
}
INTROSPECT_FORM = openapi_form(PARAMETERS, examples=examples.INTROSPECT_FORMS, required=["token"])
REVOKE_FORM = openapi_form(PARAMETERS, examples=examples.REVOKE_FORMS, required=["token"])
BASIC = openapi_security("basic")


class Introspection(BaseModel):
    """What is said of a token; of one that does not count nothing but `active: false` (RFC 7662 §2.2)."""

    model_config = ConfigDict(extra="allow")

    active: bool
    iss: str | None = None
    sub: str | None = None
    client_id: str | None = None
    scope: str | None = None
    exp: int | None = None
    sid: str | None = None
    act: dict[str, Any] | None = None


@router.hot(
    "POST",
    "/introspect",
    summary="Does this token count now?",
    response_model=Introspection,
    responses=answer_documented(examples.INTROSPECTED) | oauth_errors_documented(*OF_ANY),
    openapi_extra=INTROSPECT_FORM | BASIC,
)
async def introspect(request: Request) -> Answer:
    """Session, people, client and consent are looked at as they are now; services only."""
    parameters, presented = await read_client(request)
    try:
        told = await desk_of(request).run(oauth.introspect, presented=presented, parameters=parameters)
    except SessionNotRunningError:
        # By now the desk has kept the error's record: where a change ended the session, it is ended.
        told = oauth.INACTIVE
    metrics.introspected(active=told["active"])
    return answered(told, NO_STORE)


@router.hot(
    "POST",
    "/revoke",
    summary="Give a token back",
    response_class=Response,
    responses=oauth_errors_documented(*OF_REVOKE),
    openapi_extra=REVOKE_FORM | openapi_security("basic", or_none=True),
)
async def revoke(request: Request) -> Answer:
    """The token's session ends, and every token of it; an unknown token is a success too."""
    parameters, presented = await read_client(request)
    await desk_of(request).run(oauth.revoke, presented=presented, parameters=parameters)
    return Answer(fields=NO_STORE)
