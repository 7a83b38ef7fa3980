"""Callers with a token of ours: somebody acting as somebody else, a service, or in development a person."""

from collections.abc import Mapping
from uuid import UUID

from impersonator_api.callers import store
from impersonator_api.callers.admitted import admitted, login_of
from impersonator_api.callers.caller import Caller, ImpersonationCaller, ServiceCaller, UserCaller
from impersonator_api.callers.store import Also, Named, Party
from impersonator_api.tokens import InvalidTokenError, UnverifiedToken, VerifiedClaims, verify_access_token
from impersonator_api.work import Work

ACTING = ("sid", "act", "impersonated_by")
"""All of these or none: a token that lost one of them lost the actor."""


async def load_own_caller(work: Work, token: UnverifiedToken, also: Also) -> Caller:
    """The caller behind a token that we issued; raises `InvalidTokenError`, or a refusal for who may take no part."""
    claims = await verify_access_token(work, token)
    if any(name in claims.claims for name in ACTING):
        return _impersonation(claims)
    if claims.load_text("sub") == claims.load_text("client_id"):
        return await _service(work, claims, also)
    # Nobody logs in with us: in production a person's own token can only be somebody else's issue.
    if work.settings.is_production:
        raise InvalidTokenError("Log in with your identity provider; our own tokens are for development.")
    return await _user(work, claims, also)


def _impersonation(claims: VerifiedClaims) -> ImpersonationCaller:
    if not isinstance(claims.claims.get("act"), Mapping) or not claims.find_text("impersonated_by"):
        raise InvalidTokenError("The token does not say who is acting.")
    return ImpersonationCaller(session_id=_uuid(claims, "sid"), claims=claims)


async def _service(work: Work, claims: VerifiedClaims, also: Also) -> ServiceCaller:
    named = _known(await store.find_client(work, claims.load_text("tenant"), claims.load_text("sub"), also))
    party = admitted(work, named.tenant, named.party)
    return ServiceCaller(tenant=named.tenant, party=party, scopes=claims.scopes, also=named.also)


async def _user(work: Work, claims: VerifiedClaims, also: Also) -> UserCaller:
    named = _known(await store.find_user(work, claims.load_text("tenant"), _uuid(claims, "sub"), also))
    return UserCaller(
        tenant=named.tenant,
        party=admitted(work, named.tenant, named.party),
        login=login_of(claims),
        scopes=claims.scopes,
        client_id=claims.load_text("client_id"),
        also=named.also,
    )


def _known(named: Named[Party] | None) -> Named[Party]:
    if named is None:
        raise InvalidTokenError("The token names nobody in the directory any more.")
    return named


def _uuid(claims: VerifiedClaims, name: str) -> UUID:
    try:
        return UUID(claims.load_text(name))
    except ValueError as error:
        raise InvalidTokenError(f"The token's {name} is not an id.") from error
