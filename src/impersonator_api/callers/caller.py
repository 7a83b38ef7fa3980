"""Who sent a request, once that is proved."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct
from typing_extensions import override

from impersonator_api.directory import Client, Person, Tenant
from impersonator_api.tokens import VerifiedClaims

NOTHING: Mapping[str, Any] = {}

Party = TypeVar("Party", Person, Client)


class Login(Struct, frozen=True, kw_only=True):
    """How somebody logged in, and where: what `act` says of an impersonator (RFC 9068 §2.2.1)."""

    issuer: str
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: int | None = None

    def as_claims(self) -> dict[str, object]:
        """The members that are known, under their claims' names."""
        members = {"iss": self.issuer, "acr": self.acr, "amr": list(self.amr) or None, "auth_time": self.auth_time}
        return {name: value for name, value in members.items() if value is not None}


class UserCaller(Struct, frozen=True, kw_only=True):
    """A person who comes as himself. `also` is what else the same statement was asked."""

    tenant: Tenant
    party: Person
    login: Login
    scopes: frozenset[str]
    client_id: str | None
    claims: VerifiedClaims
    also: Mapping[str, Any] = NOTHING

    @override
    def __repr__(self) -> str:
        # What was asked along with him is not for everybody.
        return f"UserCaller(party={self.party!r})"


class ServiceCaller(Struct, frozen=True, kw_only=True):
    """A service that comes as itself, with a token from the client-credentials grant."""

    tenant: Tenant
    party: Client
    scopes: frozenset[str]
    also: Mapping[str, Any] = NOTHING

    @override
    def __repr__(self) -> str:
        return f"ServiceCaller(party={self.party!r})"


class ImpersonationCaller(Struct, frozen=True, kw_only=True):
    """Somebody acting as somebody else. Whether that session still runs is for `sessions` to say."""

    session_id: UUID
    claims: VerifiedClaims


Caller = UserCaller | ServiceCaller | ImpersonationCaller
