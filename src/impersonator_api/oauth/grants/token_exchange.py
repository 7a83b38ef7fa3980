"""A service exchanges a user, or a token it was given, for a token of its own to act with (RFC 8693)."""

from msgspec.structs import replace

from impersonator_api import sessions, tokens
from impersonator_api.directory import ClientKind
from impersonator_api.oauth.clients import AuthenticatedClient, authenticate
from impersonator_api.oauth.errors import UnauthorizedClientError
from impersonator_api.oauth.exchange.actor import delegate_column, named_delegate
from impersonator_api.oauth.exchange.brought import Brought, read_brought, refuse_stolen
from impersonator_api.oauth.exchange.handing_on import hand_on
from impersonator_api.oauth.exchange.limits import granted_targets
from impersonator_api.oauth.exchange.opening import open_for
from impersonator_api.oauth.exchange.refused import refusals_told
from impersonator_api.oauth.exchange.repeating import NOT_APPLICABLE, answer_again, keep_answer, repeatable_exchange
from impersonator_api.oauth.exchange.request import ExchangeRequest, TokenType, read_exchange
from impersonator_api.oauth.grants.answer import TokenAnswer
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.oauth.presented_token import PresentedToken
from impersonator_api.oauth.proven_key import find_proven_key
from impersonator_api.tokens import ImpersonationGrant
from impersonator_api.work import Work

NAME = "urn:ietf:params:oauth:grant-type:token-exchange"

EXCHANGING = frozenset({"root", "impersonation"})
"""Scopes of a service that may act as users."""


async def token_exchange(work: Work, request: TokenRequest) -> TokenAnswer:
    """Prove the client, then open a session or join the subject token's; at most three statements.

    Whatever is given is a token in which somebody acts: its session ends it, laws and policy decide it.
    """
    asked = read_exchange(request)
    repeatable = repeatable_exchange(request, asked)
    brought = await read_brought(work, asked)
    also = {**brought.columns(work), **delegate_column(asked), **sessions.earlier_json(work, repeatable)}
    found = await authenticate(work, request.presented, also=also)
    with refusals_told(work, found):
        _admit(found)
        targets = granted_targets(found.client, asked, issuer=work.settings.issuer)
        key = await find_proven_key(work, request, found.client)
        refuse_stolen(brought.subject, key)
        earlier = sessions.find_earlier(work, found.also, repeatable)
        if earlier is not None:
            return answer_again(work, found, asked, earlier, key=key)
        may_act = named_delegate(found, asked, issuer=work.settings.issuer)
        grant = await _grant(work, found, asked, brought)
    answer = _answer(work, found, asked, replace(grant, audience=targets, may_act=may_act, jkt=key))
    keep_answer(work, found, grant, answer, repeatable)
    return answer


def _admit(found: AuthenticatedClient) -> None:
    if found.client.kind is ClientKind.SPA or not found.client.scopes & EXCHANGING:
        raise UnauthorizedClientError("Exchanging tokens needs a service with the scope root or impersonation.")


async def _grant(
    work: Work, found: AuthenticatedClient, asked: ExchangeRequest, brought: Brought
) -> ImpersonationGrant:
    if isinstance(brought.subject, PresentedToken):
        return await hand_on(work, found, asked, brought, brought.subject)
    return await open_for(work, found, asked, brought)


def _answer(work: Work, found: AuthenticatedClient, asked: ExchangeRequest, grant: ImpersonationGrant) -> TokenAnswer:
    if asked.requested_token_type is TokenType.REFRESH_TOKEN:
        # RFC 9449 §5: a confidential client's refresh token is bound by the client's own authentication.
        free = replace(grant, jkt=None)
        refresh = tokens.mint_refresh(work, free, tenant_id=found.tenant.id, family_id=work.new_id())
        work.write(tokens.refresh_token_inserted(refresh.row))
        return TokenAnswer(
            access=refresh, scope=grant.scope, token_type=NOT_APPLICABLE, issued_token_type=TokenType.REFRESH_TOKEN
        )
    access = tokens.mint_access(work, grant, alg=found.client.signing_alg)
    return TokenAnswer(access=access, scope=grant.scope, issued_token_type=asked.requested_token_type)
