"""Callers with a token of ours: somebody acting as somebody else, a service, or in development a person."""

from impersonator_api.callers import store
from impersonator_api.callers.admitted import admitted, login_of
from impersonator_api.callers.bearer import Credentials
from impersonator_api.callers.caller import Caller, ImpersonationCaller, ServiceCaller, UserCaller
from impersonator_api.callers.possession import prove_possession
from impersonator_api.callers.question import Answer, CallerQuestion
from impersonator_api.callers.store import Also, Named, Party
from impersonator_api.tokens import InvalidTokenError, UnverifiedToken, VerifiedClaims, verify_access_token
from impersonator_api.work import Work


async def ask_about_own(
    work: Work, token: UnverifiedToken, credentials: Credentials, also: Also, slot: str
) -> CallerQuestion:
    """What to ask about a token that we issued; raises `InvalidTokenError`."""
    claims = await verify_access_token(work, token)
    await prove_possession(work, claims, credentials)
    if claims.find_text("sid") is not None:
        return _of_impersonation(claims)
    if claims.load_text("sub") == claims.load_text("client_id"):
        return _of_service(claims, also, slot)
    # Nobody logs in with us: in production a person's own token can only be somebody else's issue.
    if work.settings.is_production:
        raise InvalidTokenError("Log in with your identity provider; our own tokens are for development.")
    return _of_user(claims, also, slot)


def _of_impersonation(claims: VerifiedClaims) -> CallerQuestion:
    caller = ImpersonationCaller(session_id=claims.load_id("sid"), claims=claims)

    async def settle(_work: Work, _answer: Answer) -> Caller:
        return caller

    return CallerQuestion(None, settle)


def _of_service(claims: VerifiedClaims, also: Also, slot: str) -> CallerQuestion:
    async def settle(work: Work, answer: Answer) -> Caller:
        named = _known(store.named_client_from(answer))
        party = admitted(work, named.tenant, named.party)
        return ServiceCaller(tenant=named.tenant, party=party, scopes=claims.scopes, also=named.also)

    return CallerQuestion(store.client_json(claims.load_text("tenant"), claims.load_text("sub"), also, slot), settle)


def _of_user(claims: VerifiedClaims, also: Also, slot: str) -> CallerQuestion:
    async def settle(work: Work, answer: Answer) -> Caller:
        named = _known(store.named_person_from(answer))
        return UserCaller(
            tenant=named.tenant,
            party=admitted(work, named.tenant, named.party),
            login=login_of(claims),
            scopes=claims.scopes,
            client_id=claims.load_text("client_id"),
            claims=claims,
            also=named.also,
        )

    return CallerQuestion(store.user_json(claims.load_text("tenant"), claims.load_id("sub"), also, slot), settle)


def _known(named: Named[Party] | None) -> Named[Party]:
    if named is None:
        raise InvalidTokenError("The token names nobody in the directory any more.")
    return named
