"""An exchange of an impersonation token: the service takes part in a session that runs, and hands its token on."""

from collections.abc import Mapping
from typing import cast

from msgspec.structs import replace

from impersonator_api import sessions, tokens
from impersonator_api.audit import Action, recorded
from impersonator_api.callers import UserCaller
from impersonator_api.directory import Client
from impersonator_api.oauth.clients import AuthenticatedClient
from impersonator_api.oauth.exchange.actor import ActorRefusedError, Principal, refuse_unless_may_act, settle_actor
from impersonator_api.oauth.exchange.brought import Brought
from impersonator_api.oauth.exchange.limits import granted_scope
from impersonator_api.oauth.exchange.opening import SubjectRefusedError
from impersonator_api.oauth.exchange.request import ExchangeRequest, TokenType
from impersonator_api.oauth.presented_token import PresentedToken
from impersonator_api.sessions import Live
from impersonator_api.tokens import ImpersonationGrant, VerifiedClaims
from impersonator_api.work import Work

Act = Mapping[str, object]


async def hand_on(
    work: Work, found: AuthenticatedClient, asked: ExchangeRequest, brought: Brought, subject: PresentedToken
) -> ImpersonationGrant:
    """Join the token's session: same `sid`, no longer life, no wider scope, and who acted before stays inside `act`.

    Raises `SessionNotRunningError` where it is over, `SubjectRefusedError` for a token that is none of the service's
    business, `ActorRefusedError`.
    """
    claims = subject.claims
    live = _joined(work, found, asked, claims)
    actor = await settle_actor(work, found, brought)
    refuse_unless_may_act(claims.claims.get("may_act"), actor, issuer=work.settings.issuer)
    grant = replace(
        sessions.grant_of(work, live, holder=found.client),
        session_ends_at=min(live.session.expires_at, claims.expires_at),
        scope=granted_scope(found.client, asked, given=claims.scopes),
        act=_chain(work, live, claims, actor),
    )
    entry = sessions.entry_of(live.session, Action.EXCHANGED, client_label=found.client.label, by=actor.party.label)
    sessions.hold(work, live)
    work.write(recorded(work, entry))
    return grant


def _joined(work: Work, found: AuthenticatedClient, asked: ExchangeRequest, claims: VerifiedClaims) -> Live:
    """The token's session, running, and one that this service may take part in as it asks to."""
    _refuse_foreign(found, claims)
    _refuse_new_terms(asked)
    live = sessions.live_in(work, found.also["live"])
    sessions.refuse_idle_holders(claims, found.also)
    _refuse_unasked(found.client, live)
    return live


def _refuse_foreign(found: AuthenticatedClient, claims: VerifiedClaims) -> None:
    client = found.client
    is_meant_for_it = claims.load_text("client_id") == client.client_id or client.audience in claims.audiences
    # Another tenant's token, and one that the service merely came by, are nothing it may use.
    if claims.load_text("tenant") != found.tenant.slug or not (is_meant_for_it or "root" in client.scopes):
        raise SubjectRefusedError("The token was neither issued to this client nor is it meant for it.")


def _refuse_unasked(client: Client, live: Live) -> None:
    # The target was asked about the session's client alone, and what it granted is not this one's to use.
    if client.consent_required and client.id != live.client.id:
        raise SubjectRefusedError("Users consent to this client: it exchanges their ids or their own tokens only.")


def _refuse_new_terms(asked: ExchangeRequest) -> None:
    if asked.requested_token_type is TokenType.REFRESH_TOKEN:
        raise SubjectRefusedError("Only the client that a session was started for refreshes its tokens.")
    # Threat: a service asks for less, is not told that it got more, and passes that on.
    if asked.names_terms:
        raise SubjectRefusedError(
            "The session has its terms: leave out workspace, mode, permissions, duration, reason and ticket."
        )


def _chain(work: Work, live: Live, claims: VerifiedClaims, actor: Principal) -> Act:
    """The actors of the new token; raises `ActorRefusedError` where there would be too many."""
    act = cast("Act", claims.claims["act"])
    if isinstance(actor, UserCaller):
        # Nobody else's token puts him into a running session: that would be a start without its laws.
        if actor.party.id != live.session.impersonator_id or len(tokens.actors_of(act)) > 1:
            raise ActorRefusedError("The actor is not the impersonator of the subject token's session.")
        return act
    chain = tokens.delegated_act(act, client_id=actor.party.client_id, issuer=work.settings.issuer)
    if len(tokens.actors_of(chain)) > work.settings.act_depth:
        raise ActorRefusedError(f"At most {work.settings.act_depth} actors may stand in one token.")
    return chain
