"""Claims become tokens here, signed with the key ring; the refresh token's row is for its story to write."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import floor
from typing import cast
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from typing_extensions import override

from impersonator_api.tokens import claims as make
from impersonator_api.tokens.binding import token_type
from impersonator_api.tokens.claims import ImpersonationGrant, Issuance, OrdinaryGrant, ServiceGrant
from impersonator_api.tokens.jwa import SigningKey
from impersonator_api.tokens.jws import sign
from impersonator_api.tokens.keys import SigningAlgorithm
from impersonator_api.tokens.ring import KeyRing
from impersonator_api.tokens.store import RefreshToken
from impersonator_api.work import Work


class Minted(Struct, frozen=True, kw_only=True):
    """A signed token. `expires_in` is in seconds from its `iat`, `expires_on` in seconds since the epoch."""

    token: str
    claims: Mapping[str, object]
    expires_in: int
    expires_on: int

    @override
    def __repr__(self) -> str:
        # Neither the token nor what it says of somebody.
        return f"{type(self).__name__}(expires_on={self.expires_on})"

    @property
    def expires_at(self) -> datetime:
        """When it ends."""
        return datetime.fromtimestamp(self.expires_on, UTC)

    @property
    def token_type(self) -> str:
        """How an access token is sent: anybody may bear it, or it is bound to a key."""
        return token_type(self.claims)


class MintedRefresh(Minted, frozen=True, kw_only=True):
    """A signed refresh token, and the row that makes it one of ours: a token without its row is worth nothing."""

    row: RefreshToken


def mint_access(work: Work, grant: ImpersonationGrant, *, alg: str) -> Minted:
    """An access token of an impersonation, signed with the client's algorithm."""
    claims = make.access_claims(grant, _issuance(work), work.settings.access_token_lifetime)
    return _minted(claims, key=work.get(KeyRing).signing_key(alg))


def mint_refresh(work: Work, grant: ImpersonationGrant, *, tenant_id: UUID, family_id: UUID) -> MintedRefresh:
    """A refresh token of an impersonation and its row; always HS256, as nobody but us verifies it (ADR 0030)."""
    issuance = _issuance(work)
    claims = make.refresh_claims(grant, issuance, family_id=family_id)
    minted = _minted(claims, key=work.get(KeyRing).own_signing_key(), typ=make.REFRESH)
    row = RefreshToken(
        id=issuance.jti,
        tenant_id=tenant_id,
        session_id=grant.session_id,
        family_id=family_id,
        claims=claims,
        issued_at=work.now,
        expires_at=minted.expires_at,
    )
    return MintedRefresh(
        token=minted.token,
        claims=claims,
        expires_in=minted.expires_in,
        expires_on=minted.expires_on,
        row=row,
    )


def sign_refresh_again(work: Work, claims: Mapping[str, object]) -> Minted:
    """The same refresh token once more, for a client whose answer got lost; `expires_in` counts from now."""
    return _from_now(work, _minted(claims, key=work.get(KeyRing).own_signing_key(), typ=make.REFRESH))


def sign_access_again(work: Work, claims: Mapping[str, object], *, alg: str) -> Minted:
    """The same access token once more, for a request that is repeated; `expires_in` counts from now."""
    return _from_now(work, _minted(claims, key=work.get(KeyRing).signing_key(alg)))


def mint_service(work: Work, grant: ServiceGrant, *, alg: str) -> Minted:
    """A service's own access token."""
    claims = make.service_claims(grant, _issuance(work), work.settings.service_token_lifetime)
    return _minted(claims, key=work.get(KeyRing).signing_key(alg))


def mint_ordinary(work: Work, grant: OrdinaryGrant) -> Minted:
    """A person's own access token; the command that calls it is not there in production."""
    claims = make.ordinary_claims(grant, _issuance(work), work.settings.service_token_lifetime)
    return _minted(claims, key=work.get(KeyRing).signing_key(SigningAlgorithm.ES256))


def _issuance(work: Work) -> Issuance:
    return Issuance.at(work.now, issuer=work.settings.issuer, jti=work.new_id())


def _from_now(work: Work, minted: Minted) -> Minted:
    return replace(minted, expires_in=max(0, floor(minted.expires_on - work.now.timestamp())))


def _minted(claims: Mapping[str, object], *, key: SigningKey, typ: str = make.ACCESS) -> Minted:
    ends, begins = cast("int", claims["exp"]), cast("int", claims["iat"])
    return Minted(token=sign(claims, key=key, typ=typ), claims=claims, expires_in=ends - begins, expires_on=ends)
