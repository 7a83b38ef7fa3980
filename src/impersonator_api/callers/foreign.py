"""Callers with an access token of an issuer that their tenant trusts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from impersonator_api.callers import store
from impersonator_api.callers.acquaintances import Acquaintance, Acquaintances, find_known, load_known
from impersonator_api.callers.admitted import admitted, login_of, refused
from impersonator_api.callers.bearer import Credentials
from impersonator_api.callers.caller import UserCaller
from impersonator_api.callers.errors import CallerUnknownError
from impersonator_api.callers.issuers import TrustedIssuer
from impersonator_api.callers.jwks import IssuerKeys
from impersonator_api.callers.possession import prove_possession
from impersonator_api.callers.question import Answer, CallerQuestion
from impersonator_api.callers.store import Also, Believed
from impersonator_api.tokens import (
    VERIFIABLE,
    Expected,
    InvalidTokenError,
    UnverifiedToken,
    VerifiedClaims,
    VerifyingKey,
    verify,
)
from impersonator_api.work import Work

LEEWAY = timedelta(seconds=60)
"""Between their clocks and ours; none between our own."""

ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})
"""OpenID Connect Core §2, §3.3.2.11: what tells an ID token where both kinds have the same `typ`."""


def ask_about_foreign(
    work: Work, token: UnverifiedToken, credentials: Credentials, also: Also, slot: str
) -> CallerQuestion:
    """What to ask about another issuer's token: who trusts that issuer, and whom the token would name there.

    The second half of the answer is believed only after the token was verified by the first. Settling raises
    `InvalidTokenError`, or a refusal for who may take no part.
    """
    issuer = token.find_text("iss")
    if not issuer:
        raise InvalidTokenError("The token's issuer is not trusted here.")

    known = find_known(work, token)

    async def settle(work: Work, answer: Answer) -> UserCaller:
        believed = _load_known(work, token, known, answer) if known else _meant(token, answer)
        claims = await _verified(work, token, believed.issuer)
        await prove_possession(work, claims, credentials)
        caller = _settled(work, claims, believed)
        if not known:
            _keep(work, token, caller, believed.issuer, answer)
        return caller

    again = None if known is None else store.state_json(issuer, known.party.id, also, slot)
    return CallerQuestion(again or store.believed_json(issuer, token.claims, also, slot), settle, known)


def _load_known(work: Work, token: UnverifiedToken, known: Acquaintance[Any, Any], answer: Answer) -> Believed:
    """As it was, where neither this nor another tenant that trusts the issuer has changed, and no further one does."""
    who = load_known(work, token, known, answer["state"])
    return Believed(who.issuer, who.tenant, who.party, answer)


def _keep(work: Work, token: UnverifiedToken, caller: UserCaller, issuer: TrustedIssuer, answer: Answer) -> None:
    who = Acquaintance(caller.tenant, caller.party, issuer)
    work.get(Acquaintances).keep(token.digest, who, revision=answer["state"], now=work.now)


def _settled(work: Work, claims: VerifiedClaims, believed: Believed) -> UserCaller:
    _refuse_other_kinds(claims.claims)
    scopes = _scopes(claims.claims)
    _require(believed.issuer, claims.claims, scopes)
    subject = _subject(claims.claims, believed.issuer)
    if believed.user is None:
        raise CallerUnknownError(
            "Your account is not in this service's directory; ask an administrator to add it.",
            record=[refused(work, CallerUnknownError.code, tenant=believed.tenant, label=subject)],
        )
    return UserCaller(
        tenant=believed.tenant,
        party=admitted(work, believed.tenant, believed.user),
        login=login_of(claims),
        scopes=scopes,
        client_id=next(iter(sorted(_clients(claims.claims))), None),
        claims=claims,
        also=believed.also,
    )


def _meant(token: UnverifiedToken, answer: Answer) -> Believed:
    candidates = map(store.believed_from, answer["believed"])
    meant = [each for each in candidates if each.issuer.is_meant_by(token.claims)]
    # Two tenants for one token is a mistake in their configuration; nobody is let in by the order of rows.
    if len(meant) != 1:
        raise InvalidTokenError("The token's issuer is not trusted here.")
    return meant[0]


async def _verified(work: Work, token: UnverifiedToken, issuer: TrustedIssuer) -> VerifiedClaims:
    expected = Expected(
        issuer=issuer.issuer,
        audience=issuer.audience,
        types=issuer.types,
        required=frozenset({issuer.subject_claim}),
        leeway=LEEWAY,
    )
    return verify(token, key=await _key(work, token, issuer), expected=expected, now=work.now)


async def _key(work: Work, token: UnverifiedToken, issuer: TrustedIssuer) -> VerifyingKey:
    kid, alg = token.find_header("kid"), token.find_header("alg")
    if kid is None or alg is None or alg not in issuer.algorithms & VERIFIABLE:
        raise InvalidTokenError("The token is not signed in a way that is agreed with its issuer.")
    key = await work.get(IssuerKeys).find_key(issuer.jwks_uri, kid=kid, alg=alg, now=work.now, apart=work.apart)
    if key is None:
        raise InvalidTokenError("The token is signed with a key that its issuer does not publish.")
    return key


def _refuse_other_kinds(claims: Mapping[str, object]) -> None:
    if not ID_TOKEN_CLAIMS.isdisjoint(claims):
        raise InvalidTokenError("This is an ID token; send an access token.")
    # RFC 8693 §4.1: who acts in a foreign token was decided under laws that are not ours.
    if "act" in claims:
        raise InvalidTokenError("A token in which somebody acts as somebody else is not taken from other issuers.")


def _require(issuer: TrustedIssuer, claims: Mapping[str, object], scopes: frozenset[str]) -> None:
    lacking = issuer.lacking_claim(claims)
    if lacking is not None:
        raise InvalidTokenError(f"The token's {lacking} is not what is agreed with its issuer.")
    clients = _clients(claims)
    if issuer.clients is not None and not (clients and clients <= issuer.clients):
        raise InvalidTokenError("The token was issued to a client that is not agreed with its issuer.")
    if issuer.scope is not None and issuer.scope not in scopes:
        raise InvalidTokenError("The token lacks the scope that is agreed with its issuer.")


def _clients(claims: Mapping[str, object]) -> frozenset[str]:
    """To whom the token was issued; where it says so twice, both count."""
    said = [claims[name] for name in ("azp", "client_id") if claims.get(name) is not None]
    if not all(isinstance(client, str) for client in said):
        raise InvalidTokenError("The token's client is not a text.")
    return frozenset(str(client) for client in said)


def _scopes(claims: Mapping[str, object]) -> frozenset[str]:
    """`scope` as a text (RFC 8693 §4.2) or a list; Entra and Okta call it `scp`."""
    value = claims.get("scope", claims.get("scp", ""))
    values = value.split() if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(scope, str) for scope in values):
        raise InvalidTokenError("The token's scope is neither a text nor a list of texts.")
    return frozenset(values)


def _subject(claims: Mapping[str, object], issuer: TrustedIssuer) -> str:
    value = claims[issuer.subject_claim]
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidTokenError("The token does not name its user by a text or a number.")
    return str(value)
