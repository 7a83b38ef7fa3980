"""A browser application trades the code of a hand-over link for tokens, once (ADR 0017)."""

from impersonator_api import sessions, tokens
from impersonator_api.audit import Action, recorded
from impersonator_api.oauth.errors import InvalidClientError, InvalidGrantError, InvalidOAuthRequestError
from impersonator_api.oauth.grants.answer import TokenAnswer
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.oauth.proven_key import find_proven_key
from impersonator_api.sessions import Live, SessionNotRunningError
from impersonator_api.statement import Write
from impersonator_api.tokens import HandoverState
from impersonator_api.work import Work

NAME = "urn:impersonator:params:oauth:grant-type:handover"

REUSED = "handover_reused"
"""The audit's word for a used code that came back: a stolen link, or a page that was loaded again."""

MISFIT = "handover_misfit"
"""The audit's word for a code that came with another client, redirect URI or verifier."""


async def handover(work: Work, request: TokenRequest) -> TokenAnswer:
    """Find code and session, hold the code to whom it was made for, use it up, mint: two statements.

    Which part of a request was wrong is not told, and a wrong one does not use up the code.
    """
    client_id = _public_client(request)
    code, live = await _load(work, request.load("code"))
    if not _fits(request, client_id, code, live):
        raise _refusal(work, live, code=MISFIT)
    if code.used_at is not None:
        raise _refusal(work, live, code=REUSED)
    if code.expires_at <= work.now:
        raise _invalid()
    key = await find_proven_key(work, request, live.client)
    return _hand_over(work, live, request.load("code"), key=key)


def _public_client(request: TokenRequest) -> str:
    """The client by its name alone: browser applications have no secret (RFC 6749 §2.1, §4.1.3)."""
    presented = request.presented
    if presented.has_proof:
        raise InvalidClientError("This grant is for public clients, which have neither secret nor key.")
    if presented.client_id is None:
        raise InvalidOAuthRequestError("The parameter client_id is missing.")
    request.load("redirect_uri")
    return presented.client_id


async def _load(work: Work, code: str) -> tuple[HandoverState, Live]:
    found = await sessions.find_handed_over(work, code)
    if found is None:
        raise _invalid()
    try:
        return found.code, sessions.live_session(work, found)
    except SessionNotRunningError as error:
        raise InvalidGrantError(_invalid().detail, record=error.record) from error


def _fits(request: TokenRequest, client_id: str, code: HandoverState, live: Live) -> bool:
    """Whether the code was made for this client, redirect URI and browser, and the URI is still registered."""
    client, redirect_uri = live.client, request.load("redirect_uri")
    return (
        (client_id, client.id) == (client.client_id, code.client_id)
        and redirect_uri == code.redirect_uri
        and redirect_uri in client.redirect_uris
        and tokens.is_proven(code, request.find("code_verifier"))
    )


def _hand_over(work: Work, live: Live, code: str, *, key: str | None) -> TokenAnswer:
    grant = sessions.grant_of(work, live, jkt=key)
    # A family of its own: the panel's refresh token and the application's never replay each other.
    refresh = tokens.mint_refresh(work, grant, tenant_id=live.tenant.id, family_id=work.new_id())
    access = tokens.mint_access(work, grant, alg=live.client.signing_alg)
    used = tokens.handover_code_used(tokens.handover_digest(code), now=work.now)
    sessions.hold(work, live)
    entry = sessions.entry_of(live.session, Action.HANDED_OVER, client_label=live.client.label)
    work.write(used, tokens.refresh_token_inserted(refresh.row), recorded(work, entry))
    # RFC 6749 §5.1: the client asked for no scope, so it is told which one it got.
    return TokenAnswer(access=access, refresh=refresh, scope=grant.scope)


def _refusal(work: Work, live: Live, *, code: str) -> InvalidGrantError:
    # The session goes on: whoever reloads the page sends its code again, and means no harm.
    entry = sessions.entry_of(live.session, Action.REPLAYED, client_label=live.client.label, code=code)
    return _invalid(recorded(work, entry))


def _invalid(*record: Write) -> InvalidGrantError:
    return InvalidGrantError("The hand-over code is invalid, expired or used; start again.", record=record)
