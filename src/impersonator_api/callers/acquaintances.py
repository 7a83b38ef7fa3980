"""Who sent a token the last time, known by the tenant's revision; then that number alone is asked for."""

from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from impersonator_api.callers.caller import Party, ServiceCaller, UserCaller
from impersonator_api.callers.issuers import TrustedIssuer
from impersonator_api.database import LostRaceError
from impersonator_api.directory import InCommon, KnownByRevision, Tenant, is_large
from impersonator_api.tokens import UnverifiedToken
from impersonator_api.work import Work

REMEMBERED: Final = 2048
"""Callers of this process; of most, a kilobyte each."""

SHARED: Final = 256
"""Tenants, issuers and roles that many callers have in common."""

Issuer = TypeVar("Issuer", bound=TrustedIssuer | None)


class Acquaintance(Struct, Generic[Party, Issuer], frozen=True):
    """Whom a token named, and its issuer as the tenant believes it where that is not ourselves."""

    tenant: Tenant
    party: Party
    issuer: Issuer

    def is_still(self, caller: UserCaller | ServiceCaller) -> bool:
        """Whether the token proved to name the same one, with the same rights."""
        seen, proved = self.tenant, caller.tenant
        return (seen.id, seen.slug) == (proved.id, proved.slug) and bool(self.party == caller.party)


class Acquaintances(KnownByRevision[bytes, Acquaintance[Any, Any]]):
    """The last callers, by the digests of their tokens (tokens/compact.py); none whose token was not verified."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)
        self._common = InCommon(SHARED)

    def keep(self, token_digest: bytes, who: Acquaintance[Party, Issuer], *, revision: object, now: datetime) -> None:
        """Remember whom the token named under that revision, where it is not too large."""
        if is_large(who.party):
            self.forget(token_digest)
            return
        common, tenant, issuer = self._common, who.tenant, who.issuer
        kept = Acquaintance(
            tenant=common.one_of(tenant.id, tenant),
            party=common.sparing(who.party),
            # By the revision too: to Python true equals 1, and a claim that must be the one must not be the other.
            issuer=issuer if issuer is None else common.one_of((tenant.id, tenant.revision, issuer.issuer), issuer),
        )
        self.put(token_digest, kept, revision=revision, now=now)


def find_known(work: Work, token: UnverifiedToken) -> Acquaintance[Any, Any] | None:
    """Whom the token named less than a minute ago; whether it still does, `load_known` says by the revision alone."""
    # A story that lost a race is decided on what is in the database alone.
    known = work.get(Acquaintances)
    return known.last(token.digest) if work.run == 0 and known.know(token.digest, work.now) else None


def load_known(
    work: Work, token: UnverifiedToken, known: Acquaintance[Any, Any], revision: object
) -> Acquaintance[Any, Any]:
    """Whom the token names, if that is who was asked about and nothing has changed since.

    Raises `LostRaceError`, so that the story is run again, where something has.
    """
    # Meanwhile another request may have seen the token name somebody else, under the very revision that came back.
    if work.get(Acquaintances).find(token.digest, revision) is not known:
        raise LostRaceError("The tenant changed since this process saw the caller last.")
    return known
