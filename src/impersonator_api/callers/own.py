"""Callers with a token of ours: somebody acting as somebody else, a service, or in development a person."""

from collections.abc import Callable
from typing import Any

from impersonator_api.callers import store
from impersonator_api.callers.acquaintances import Acquaintance, Acquaintances, find_known, load_known
from impersonator_api.callers.admitted import admitted, login_of
from impersonator_api.callers.bearer import Credentials
from impersonator_api.callers.caller import Caller, ImpersonationCaller, Party, ServiceCaller, UserCaller
from impersonator_api.callers.possession import prove_possession
from impersonator_api.callers.question import Answer, CallerQuestion
from impersonator_api.callers.store import Also, TextColumn
from impersonator_api.questions import Part
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
        return _of_service(work, token, claims, also, slot)
    # Nobody logs in with us: in production a person's own token can only be somebody else's issue.
    if work.settings.is_production:
        raise InvalidTokenError("Log in with your identity provider; our own tokens are for development.")
    return _of_user(work, token, claims, also, slot)


def _of_impersonation(claims: VerifiedClaims) -> CallerQuestion:
    caller = ImpersonationCaller(session_id=claims.load_id("sid"), claims=claims)

    async def settle(_work: Work, _answer: Answer) -> Caller:
        return caller

    return CallerQuestion(None, settle)


def _of_service(work: Work, token: UnverifiedToken, claims: VerifiedClaims, also: Also, slot: str) -> CallerQuestion:
    known = find_known(work, token)

    async def settle(work: Work, answer: Answer) -> Caller:
        who = _named(work, token, answer, known, store.named_client_from)
        party = admitted(work, who.tenant, who.party)
        return ServiceCaller(tenant=who.tenant, party=party, scopes=claims.scopes, also=answer)

    tenant, client_id = claims.load_text("tenant"), claims.load_text("sub")
    part = _if_known(known, also, slot) or store.client_json(tenant, client_id, also, slot)
    return CallerQuestion(part, settle, known)


def _of_user(work: Work, token: UnverifiedToken, claims: VerifiedClaims, also: Also, slot: str) -> CallerQuestion:
    known = find_known(work, token)

    async def settle(work: Work, answer: Answer) -> Caller:
        who = _named(work, token, answer, known, store.named_person_from)
        return UserCaller(
            tenant=who.tenant,
            party=admitted(work, who.tenant, who.party),
            login=login_of(claims),
            scopes=claims.scopes,
            client_id=claims.load_text("client_id"),
            claims=claims,
            also=answer,
        )

    tenant, user_id = claims.load_text("tenant"), claims.load_id("sub")
    part = _if_known(known, also, slot) or store.user_json(tenant, user_id, also, slot)
    return CallerQuestion(part, settle, known)


def _if_known(known: Acquaintance[Any, Any] | None, also: Also, slot: str) -> Part[TextColumn] | None:
    return None if known is None else store.revision_json(known.tenant.id, known.party.id, also, slot)


def _named(
    work: Work,
    token: UnverifiedToken,
    answer: Answer,
    known: Acquaintance[Any, Any] | None,
    read: Callable[[Answer], Acquaintance[Party, None]],
) -> Acquaintance[Party, None]:
    if answer is None:
        raise InvalidTokenError("The token names nobody in the directory any more.")
    if known is not None:
        return load_known(work, token, known, answer["revision"])
    who = read(answer)
    work.get(Acquaintances).keep(token.digest, who, revision=who.tenant.revision, now=work.now)
    return who
