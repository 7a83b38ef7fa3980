"""What each kind of token says (docs/reference/claims.md). Pure: the same input gives the same claims.

Nothing from a request becomes a claim by its own name: there is no door for extra members, so neither
`act` nor `impersonated_by` can be written from outside.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import floor
from typing import Self
from uuid import UUID

from msgspec import Struct, to_builtins

Claims = dict[str, object]

ACCESS = "at+jwt"
"""RFC 9068 §2.1."""

REFRESH = "rt+jwt"
"""Ours: so that no verifier of access tokens takes one."""

PROOF = "dpop+jwt"
"""RFC 9449 §4.2; clients make these."""

KINDS = frozenset({ACCESS, REFRESH, PROOF})
"""Tokens that say by `typ` what they are for."""

EXTERNAL_ID = "external_id"
ID = "id"


class Identity(Struct, frozen=True):
    """Somebody in a token: a user by our id, and by the identity provider's where known; a service by `client_id`."""

    id: str
    external_id: str | None = None

    def named(self, form: str) -> str:
        """The identifier that a client wants in `sub`; our id where there is no other."""
        return self.external_id if form == EXTERNAL_ID and self.external_id else self.id

    def other(self, form: str) -> Claims:
        """The identifier that `sub` is not, under its own name."""
        if self.external_id is None:
            return {}
        return {ID: self.id} if form == EXTERNAL_ID else {EXTERNAL_ID: self.external_id}


class Actor(Struct, frozen=True, kw_only=True):
    """Who is really acting, and how he logged in (RFC 8693 §4.1); `issuer` is where he did."""

    identity: Identity
    issuer: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: int | None = None


class Issuance(Struct, frozen=True, kw_only=True):
    """What every token needs: who issues it, when, and under which name it is remembered."""

    issuer: str
    jti: UUID
    issued_at: int

    @classmethod
    def at(cls, now: datetime, *, issuer: str, jti: UUID) -> Self:
        """One of this moment, in whole seconds, never in the future."""
        return cls(issuer=issuer, jti=jti, issued_at=floor(now.timestamp()))


class ImpersonationGrant(Struct, frozen=True, kw_only=True):
    """What a session allows one client, as its tokens say it. `subject_form` is `id` or `external_id`.

    `act` is the chain of actors of a token that was exchanged for another (RFC 8693 §4.1); left out, the
    impersonator acts himself. `may_act` names who may be put in front of it (§4.4). `jkt` is the thumbprint of
    the key that its tokens are bound to (RFC 9449 §6).
    """

    session_id: UUID
    session_ends_at: datetime
    tenant: str
    client_id: str
    audience: str | tuple[str, ...]
    subject: Identity
    actor: Actor
    scope: frozenset[str]
    roles: tuple[str, ...]
    mode: str
    permissions: frozenset[str] | None = None
    workspace: str | None = None
    subject_form: str = ID
    act: Mapping[str, object] | None = None
    may_act: Mapping[str, object] | None = None
    jkt: str | None = None


class ServiceGrant(Struct, frozen=True, kw_only=True):
    """A service acting as itself (RFC 6749 §4.4). `jkt` is the thumbprint of the key that its token is bound to."""

    tenant: str
    client_id: str
    audience: str
    scope: frozenset[str]
    jkt: str | None = None


class OrdinaryGrant(Struct, frozen=True, kw_only=True):
    """A person acting as nobody else: what `impersonator token --as` makes in development."""

    tenant: str
    client_id: str
    audience: str
    user: Actor
    scope: frozenset[str]


def access_claims(grant: ImpersonationGrant, issuance: Issuance, lifetime: timedelta) -> Claims:
    """An impersonation's access token: never past the session's end, and always with the actor in it."""
    claims = _impersonation(grant, issuance, aud=_audience(grant))
    claims |= grant.subject.other(grant.subject_form)
    claims["exp"] = _ends(issuance, lifetime, grant.session_ends_at)
    claims["roles"] = list(grant.roles)
    claims["mode"] = grant.mode
    if grant.permissions is not None:
        claims["permissions"] = sorted(grant.permissions)
    if grant.workspace is not None:
        claims["workspace"] = grant.workspace
    if grant.may_act is not None:
        claims["may_act"] = grant.may_act
    return claims


def refresh_claims(grant: ImpersonationGrant, issuance: Issuance, *, family_id: UUID) -> Claims:
    """An impersonation's refresh token: good until the session ends, and only here."""
    claims = _impersonation(grant, issuance, aud=issuance.issuer)
    claims["exp"] = floor(grant.session_ends_at.timestamp())
    claims["family"] = to_builtins(family_id)
    return claims


def service_claims(grant: ServiceGrant, issuance: Issuance, lifetime: timedelta) -> Claims:
    """A service's own access token: `sub` is its `client_id`, and it has no roles."""
    return {
        **_registered(issuance, aud=grant.audience, sub=grant.client_id),
        "exp": _ends(issuance, lifetime),
        **_client(grant.tenant, grant.client_id, grant.scope),
        **_confirmation(grant.jkt),
    }


def ordinary_claims(grant: OrdinaryGrant, issuance: Issuance, lifetime: timedelta) -> Claims:
    """A person's own access token: no `sid` and no `act`, because nobody acts but himself."""
    return {
        **_registered(issuance, aud=grant.audience, sub=grant.user.identity.named(ID)),
        **grant.user.identity.other(ID),
        "exp": _ends(issuance, lifetime),
        **_client(grant.tenant, grant.client_id, grant.scope),
        **_login(grant.user),
    }


def acting_claims(claims: Mapping[str, object]) -> Claims:
    """Who is acting, in the very words of a token: what userinfo and introspection tell besides (RFC 8693 §4.1)."""
    return {name: claims[name] for name in ("sid", "act", "impersonated_by")}


def delegated_act(act: Mapping[str, object], *, client_id: str, issuer: str) -> Claims:
    """The chain after a service took over from whoever acted before: the prior actors nest inside (RFC 8693 §4.1)."""
    if (act.get("sub"), act.get("iss")) == (client_id, issuer):
        return dict(act)
    return {"sub": client_id, "iss": issuer, "act": dict(act)}


def actors_of(act: Mapping[str, object]) -> tuple[Mapping[str, object], ...]:
    """The members of a chain, the current actor first."""
    prior = act.get("act")
    return (act, *actors_of(prior)) if isinstance(prior, dict) else (act,)


def _registered(issuance: Issuance, *, aud: str | list[str], sub: str) -> Claims:
    moment = issuance.issued_at
    return {"iss": issuance.issuer, "sub": sub, "aud": aud, "iat": moment, "nbf": moment, "jti": str(issuance.jti)}


def _audience(grant: ImpersonationGrant) -> str | list[str]:
    """RFC 7519 §4.1.3: one is a text, several are a list."""
    if isinstance(grant.audience, str):
        return grant.audience
    return grant.audience[0] if len(grant.audience) == 1 else list(grant.audience)


def _ends(issuance: Issuance, lifetime: timedelta, session_ends_at: datetime | None = None) -> int:
    end = issuance.issued_at + floor(lifetime.total_seconds())
    # Rounded down: not even the last half second of a token lies beyond its session.
    return end if session_ends_at is None else min(end, floor(session_ends_at.timestamp()))


def _client(tenant: str, client_id: str, scope: frozenset[str]) -> Claims:
    return {"tenant": tenant, "client_id": client_id, "azp": client_id, "scope": " ".join(sorted(scope))}


def _impersonation(grant: ImpersonationGrant, issuance: Issuance, *, aud: str | list[str]) -> Claims:
    """All but the end of what its tokens say; the hottest of these, so it fills one dictionary."""
    actor = grant.actor.identity.named(grant.subject_form)
    claims = _registered(issuance, aud=aud, sub=grant.subject.named(grant.subject_form))
    claims["tenant"] = grant.tenant
    claims["client_id"] = claims["azp"] = grant.client_id
    claims["scope"] = " ".join(sorted(grant.scope))
    # What `str` says, in a quarter of the time.
    claims["sid"] = to_builtins(grant.session_id)
    # The second is the name that the SDK of seed 001 reads.
    claims["impersonated_by"] = claims["impersonatedBy"] = actor
    claims["act"] = grant.act or {"sub": actor, "iss": _namespace(grant, issuance.issuer), **_login(grant.actor)}
    if grant.jkt is not None:
        claims["cnf"] = {"jkt": grant.jkt}
    return claims


def _namespace(grant: ImpersonationGrant, issuer: str) -> str:
    """The issuer in whose namespace `act.sub` lies: the identity provider's for its own ids, ours for the rest."""
    actor = grant.actor
    is_foreign = grant.subject_form == EXTERNAL_ID and actor.identity.external_id is not None
    return actor.issuer if is_foreign and actor.issuer else issuer


def _confirmation(jkt: str | None) -> Claims:
    return {} if jkt is None else {"cnf": {"jkt": jkt}}


def _login(actor: Actor) -> Claims:
    return _present(acr=actor.acr, amr=list(actor.amr) or None, auth_time=actor.auth_time)


def _present(**members: object) -> Claims:
    return {name: value for name, value in members.items() if value is not None}
