"""The SPA's way out (seed 001)."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from impersonator_api import sessions
from impersonator_api.web.admin.errors import OF_LOGOUT
from impersonator_api.web.bodies import read_form
from impersonator_api.web.caller import CredentialsDep
from impersonator_api.web.examples import identity as examples
from impersonator_api.web.openapi import answer_documented, openapi_form, openapi_security, problems_documented
from impersonator_api.web.work import DeskDep

router = APIRouter(prefix="/identity/v1", tags=["oauth"])

FORM = openapi_form(
    {
        "refresh_token": "The session's; another one's is refused.",
        "post_logout_redirect_uri": "One of the client's redirect URIs.",
    },
    examples=examples.LOGOUT_FORMS,
)


class LogoutAnswer(BaseModel):
    """The session is over; where to go from here."""

    success: Literal[True] = True
    redirectUri: str | None


@router.post(
    "/logout",
    summary="Log an impersonation out",
    responses=answer_documented(examples.LOGGED_OUT) | problems_documented(*OF_LOGOUT),
    openapi_extra=FORM | openapi_security("bearer"),
)
async def logout(request: Request, desk: DeskDep, credentials: CredentialsDep) -> LogoutAnswer:
    """End the session of the bearer's token: it and the refresh token are dead when the answer arrives."""
    form = await read_form(request)
    redirect_uri = await desk.run(
        sessions.log_out,
        credentials=credentials,
        refresh_token=form.get("refresh_token"),
        redirect_uri=form.get("post_logout_redirect_uri"),
    )
    return LogoutAnswer(redirectUri=redirect_uri)
