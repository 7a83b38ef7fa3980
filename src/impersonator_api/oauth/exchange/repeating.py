"""An exchange that is sent again under its Idempotency-Key: answered as before, and nothing is done twice."""

from impersonator_api import sessions, tokens
from impersonator_api.oauth.clients import AuthenticatedClient
from impersonator_api.oauth.exchange.request import ExchangeRequest, TokenType
from impersonator_api.oauth.grants.answer import TokenAnswer
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.sessions import Earlier, IdempotencyKeyReusedError, Repeatable
from impersonator_api.tokens import ImpersonationGrant
from impersonator_api.work import Work

DOOR = "/oauth2/v1/token"

NOT_APPLICABLE = "N_A"
"""RFC 8693 §2.2.1: the `token_type` of what is no access token."""

TOKEN = "token"  # noqa: S105  # the name that an answer's claims are kept under


def repeatable_exchange(request: TokenRequest, asked: ExchangeRequest) -> Repeatable | None:
    """The request as one that may be sent again, where it has a key; the client has proven nothing yet."""
    client_id = request.presented.client_id
    if request.idempotency_key is None or client_id is None:
        return None
    return Repeatable.of(caller=client_id, door=DOOR, key=request.idempotency_key, meaning=asked)


def answer_again(
    work: Work, found: AuthenticatedClient, asked: ExchangeRequest, earlier: Earlier, *, key: str | None
) -> TokenAnswer:
    """The same token signed again; a proof of another key than it is bound to makes it another request."""
    claims, kind = earlier.claims[TOKEN], asked.requested_token_type
    scope = frozenset(str(claims["scope"]).split())
    sessions.hold(work, earlier.live)
    if kind is TokenType.REFRESH_TOKEN:
        refresh = tokens.sign_refresh_again(work, claims)
        return TokenAnswer(access=refresh, scope=scope, token_type=NOT_APPLICABLE, issued_token_type=kind)
    if tokens.bound_key(claims) != key:
        raise IdempotencyKeyReusedError("This key came with a proof of another key; send a new one.")
    access = tokens.sign_access_again(work, claims, alg=found.client.signing_alg)
    return TokenAnswer(access=access, scope=scope, issued_token_type=kind)


def keep_answer(
    work: Work,
    found: AuthenticatedClient,
    grant: ImpersonationGrant,
    answer: TokenAnswer,
    repeatable: Repeatable | None,
) -> None:
    """Remember what the token said, where the request has a key."""
    if repeatable is not None:
        ids = {"tenant_id": found.tenant.id, "session_id": grant.session_id}
        work.write(sessions.kept(work, repeatable, **ids, claims={TOKEN: answer.access.claims}))
