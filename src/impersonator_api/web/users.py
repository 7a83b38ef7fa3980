"""Service to service: a backend gets a SPA the tokens of a user, for a person who may act as that user (seed 001)."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from impersonator_api import sessions
from impersonator_api.errors import MalformedError
from impersonator_api.sessions import Wish
from impersonator_api.sessions.errors import ClientNotSpaError
from impersonator_api.web.admin.errors import OF_START
from impersonator_api.web.bodies import read_json
from impersonator_api.web.caller import HandingOutDep
from impersonator_api.web.examples import panel as examples
from impersonator_api.web.examples.story import ACCESS_TOKEN
from impersonator_api.web.idempotency import IDEMPOTENCY_KEY, OF_KEY, read_repeatable
from impersonator_api.web.identifiers import read_identifier
from impersonator_api.web.openapi import answer_documented, openapi_body, openapi_security, problems_documented
from impersonator_api.web.rate_limits import rate_limits_of
from impersonator_api.web.work import DeskDep

router = APIRouter(prefix="/api/v1/users", tags=["users"])


class ImpersonatorTokenMissingError(MalformedError):
    """The body names nobody who acts."""

    code = "impersonator-token-missing"
    title = "Impersonator token missing"


class OnBehalfBody(BaseModel):
    """Who acts: an access token of that person's own."""

    model_config = ConfigDict(extra="ignore")

    # Any: seed 001 answers 400, not 422, to what is no text.
    impersonatorToken: Any = None

    def token(self) -> str:
        """The token; raises `ImpersonatorTokenMissingError` (400) for anything but a text."""
        if not isinstance(self.impersonatorToken, str) or not self.impersonatorToken:
            raise ImpersonatorTokenMissingError("Send the impersonator's access token as impersonatorToken.")
        return self.impersonatorToken


class RefreshTokenBody(BaseModel):
    """A refresh token for the SPA; times in seconds, `…_on` since the epoch."""

    refresh_token: str
    refresh_token_expires_in: int
    refresh_token_expires_on: int


@router.post(
    "/{user_id}/impersonation/{app_id}",
    summary="Hand a SPA a user's tokens",
    responses=answer_documented({"a token": examples.HANDED_OUT})
    | problems_documented(*OF_START, *OF_KEY, ClientNotSpaError, ImpersonatorTokenMissingError),
    openapi_extra=openapi_body(OnBehalfBody, {"a person's token": {"impersonatorToken": ACCESS_TOKEN}})
    | openapi_security("bearer")
    | IDEMPOTENCY_KEY,
)
async def impersonate(
    user_id: str, app_id: str, request: Request, desk: DeskDep, service: HandingOutDep
) -> RefreshTokenBody:
    """Start a session of the token's person; `app_id` is a SPA's client id or number. Same laws, same policy."""
    body = await read_json(request, OnBehalfBody)
    starter = await desk.run(sessions.admit_impersonator, service=service, token=body.token())
    await rate_limits_of(request.scope).count_start(starter)
    wish = Wish(target=read_identifier(user_id), client=read_identifier(app_id), spa_required=True)
    repeatable = read_repeatable(
        request, caller=service.party.id, door="/api/v1/users/impersonation", meaning=(starter.impersonator_id, wish)
    )
    started = await desk.run(sessions.start, starter=starter, wish=wish, repeatable=repeatable)
    return RefreshTokenBody(
        refresh_token=started.refresh.token,
        refresh_token_expires_in=started.refresh.expires_in,
        refresh_token_expires_on=started.refresh.expires_on,
    )
