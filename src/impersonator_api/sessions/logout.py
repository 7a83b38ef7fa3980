"""Leaving by the SPA's own door: the session really ends (seed 001)."""

from impersonator_api import tokens
from impersonator_api.callers import Credentials, ImpersonationCaller, load_caller
from impersonator_api.directory import Client
from impersonator_api.errors import MalformedError
from impersonator_api.sessions import remembered
from impersonator_api.sessions.errors import NotYourSessionError
from impersonator_api.sessions.live import find_holder, load_live_of
from impersonator_api.sessions.session import EndReason, Session
from impersonator_api.sessions.snapshot import Live
from impersonator_api.statement import Write
from impersonator_api.tokens import InvalidTokenError
from impersonator_api.work import Work


class RedirectUnknownError(MalformedError):
    """The client has no such redirect URI; answering it would make this door an open redirector."""

    code = "redirect-unknown"
    title = "Redirect URI unknown"


async def log_out(
    work: Work, *, credentials: Credentials | None, refresh_token: str | None, redirect_uri: str | None
) -> str | None:
    """End the session of an impersonation token; answers where to go next.

    Raises 403 for a token that belongs to no session, or to another one, and then ends nothing.
    """
    caller = await load_caller(work, credentials)
    if not isinstance(caller, ImpersonationCaller):
        raise NotYourSessionError(
            "Only a session's own tokens log it out; yours is of no session.",
            record=[remembered.turned_away(work, caller.party, code=NotYourSessionError.code)],
        )
    live = await load_live_of(work, caller.claims)
    by = find_holder(caller.claims) or live.session.impersonator_label
    if refresh_token is not None and not await _is_of(work, refresh_token, live.session):
        raise NotYourSessionError(
            "The refresh token is not one of this session's.", record=[_not_yours(work, live, by)]
        )
    _refuse_unknown(live.client, redirect_uri)
    # The end outdates whatever was to be noted about the session's going on.
    work.discard()
    over = remembered.ending(work, live.session, reason=EndReason.STOPPED, client_label=live.client.label)
    work.write(*remembered.ended(work, [over], by=by))
    return redirect_uri


def _not_yours(work: Work, live: Live, by: str) -> Write:
    return remembered.not_yours(work, live.session, client_label=live.client.label, by=by)


async def _is_of(work: Work, refresh_token: str, session: Session) -> bool:
    try:
        claims = await tokens.verify_refresh_token(work, refresh_token)
    except InvalidTokenError:
        return False
    return claims.find_text("sid") == str(session.id)


def _refuse_unknown(client: Client, redirect_uri: str | None) -> None:
    if redirect_uri is not None and redirect_uri not in client.redirect_uris:
        raise RedirectUnknownError("Use one of the client's redirect URIs as post_logout_redirect_uri.")
