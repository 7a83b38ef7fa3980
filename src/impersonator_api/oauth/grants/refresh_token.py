"""A SPA trades its refresh token for a new access token (RFC 6749 §6, RFC 9700 §4.14)."""

from datetime import timedelta

from msgspec.structs import replace

from impersonator_api import sessions, tokens
from impersonator_api.audit import Action, recorded
from impersonator_api.directory import ClientKind, RefreshPolicy
from impersonator_api.oauth.clients import Presented, authenticate
from impersonator_api.oauth.errors import (
    InvalidClientError,
    InvalidGrantError,
    InvalidOAuthRequestError,
    InvalidScopeError,
)
from impersonator_api.oauth.grants.answer import TokenAnswer
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.oauth.proven_key import find_proven_key
from impersonator_api.questions import NOTHING_ELSE, with_parts
from impersonator_api.sessions import EndReason, Live, SessionNotRunningError
from impersonator_api.statement import Write
from impersonator_api.tokens import ImpersonationGrant, InvalidTokenError, Minted, RefreshState, VerifiedClaims
from impersonator_api.work import Work

NAME = "refresh_token"

GRACE = timedelta(seconds=10)
"""How long a client whose answer got lost may ask again, as long as it has not used the successor."""


async def refresh_token(work: Work, request: TokenRequest) -> TokenAnswer:
    """Verify the token, find its session alive, then rotate or reuse as the client's policy says.

    A used token that comes back is a replay: the error's record ends its session, and with it the family.
    """
    claims = await _verified(work, request.load("refresh_token"))
    live, state = await _load(work, claims, request.presented)
    _hold_to_client(live, request.presented)
    scope = _narrowed(live, request.scope())
    bound_to = _bound_key(claims, state)
    key = await find_proven_key(work, request, live.client, bound_to=bound_to)
    grant = sessions.grant_of(work, live, jkt=key)
    if state.used_at is None:
        keeps = _keeps_token(live, key, bound_to=bound_to)
        refresh = None if keeps else _successor(work, live, state, grant)
        return _answer(work, live, grant, scope=scope, refresh=refresh)
    if state.successor is not None and state.successor.used_at is None and work.now - state.used_at <= GRACE:
        again = tokens.sign_refresh_again(work, state.successor.claims)
        return _answer(work, live, grant, scope=scope, refresh=again, code="retried")
    raise InvalidGrantError(
        "This refresh token was used before; the session has been ended.", record=_replay(work, live)
    )


async def _verified(work: Work, token: str) -> VerifiedClaims:
    try:
        return await tokens.verify_refresh_token(work, token)
    except InvalidTokenError as error:
        raise InvalidGrantError("The refresh token is invalid or expired.") from error


async def _load(work: Work, claims: VerifiedClaims, presented: Presented) -> tuple[Live, RefreshState]:
    """Session and token as they are now, in one statement, which also proves a client; a used token takes one more."""
    session_id, jti = claims.load_id("sid"), claims.load_id("jti")
    also = {"live": sessions.live_document(work, session_id), "refresh": tokens.refresh_token_json(jti)}
    if presented.has_proof:
        row = (await authenticate(work, presented, also=also)).also
    else:
        row = (await work.read(with_parts(NOTHING_ELSE, also))).one()
    try:
        live = sessions.live_in(work, row["live"])
    except SessionNotRunningError as error:
        raise InvalidGrantError(error.detail, record=error.record) from error
    state = tokens.refresh_state_from(row["refresh"])
    if state is None or state.session_id != session_id:
        raise InvalidGrantError("The refresh token is invalid or expired.")
    return live, await tokens.with_successor(work, state)


def _hold_to_client(live: Live, presented: Presented) -> None:
    """Hold the token to its client (RFC 6749 §6): proven where it has a secret, named where it rotates."""
    is_public = live.client.kind is ClientKind.SPA
    if presented.has_proof is is_public:
        raise InvalidClientError("Prove who you are as a service; a public client has neither secret nor key.")
    if presented.client_id is None and live.client.refresh_policy is RefreshPolicy.ROTATE:
        raise InvalidOAuthRequestError("The parameter client_id is missing.")
    if presented.client_id not in {None, live.client.client_id}:
        raise InvalidGrantError("The refresh token was issued to another client.")


def _narrowed(live: Live, scope: frozenset[str]) -> frozenset[str]:
    asked = scope or live.session.scopes
    if not asked <= live.session.scopes:
        raise InvalidScopeError("A refresh may narrow the scope, never widen it.")
    return asked


def _bound_key(claims: VerifiedClaims, state: RefreshState) -> str | None:
    """The key of the token, or of the successor that the same client got a moment ago and may ask for again."""
    key = tokens.bound_key(claims.claims)
    return key if key or state.successor is None else tokens.bound_key(state.successor.claims)


def _keeps_token(live: Live, key: str | None, *, bound_to: str | None) -> bool:
    # A token that was used up stays so, though its client may have begun to reuse tokens since.
    if live.client.refresh_policy is RefreshPolicy.ROTATE:
        return False
    # Whoever first comes with a proof gets a token that only he can use, in place of the one that anybody could.
    return key == bound_to or live.client.kind is not ClientKind.SPA


def _successor(work: Work, live: Live, state: RefreshState, grant: ImpersonationGrant) -> Minted:
    # RFC 9449 §5: a confidential client's refresh token is bound by the client's own authentication.
    if grant.jkt is not None and live.client.kind is not ClientKind.SPA:
        grant = replace(grant, jkt=None)
    minted = tokens.mint_refresh(work, grant, tenant_id=live.tenant.id, family_id=state.family_id)
    used = tokens.refresh_token_used(state.id, successor_id=minted.row.id, now=work.now)
    work.write(used, tokens.refresh_token_inserted(minted.row))
    return minted


def _answer(
    work: Work,
    live: Live,
    grant: ImpersonationGrant,
    *,
    scope: frozenset[str],
    refresh: Minted | None,
    code: str | None = None,
) -> TokenAnswer:
    narrowed = grant if scope == grant.scope else replace(grant, scope=scope)
    access = tokens.mint_access(work, narrowed, alg=live.client.signing_alg)
    entry = sessions.entry_of(live.session, Action.REFRESHED, client_label=live.client.label, code=code)
    sessions.hold(work, live)
    work.write(recorded(work, entry))
    return TokenAnswer(access=access, refresh=refresh, scope=scope if scope != live.session.scopes else None)


def _replay(work: Work, live: Live) -> list[Write]:
    label = live.client.label
    over = sessions.ending(work, live.session, reason=EndReason.REFRESH_REPLAYED, client_label=label)
    replayed = sessions.entry_of(live.session, Action.REPLAYED, client_label=label, code=EndReason.REFRESH_REPLAYED)
    return [*sessions.ended(work, [over], by=sessions.SERVICE_ITSELF), recorded(work, replayed)]
