"""What an issuer's tokens must be for us to believe them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

CLAIM = "claim:"
"""`subject: claim:<name>` names the claim that holds the external id."""


class TrustedIssuer(Struct, frozen=True, kw_only=True):
    """One issuer as one tenant believes it (design §10). `match` tells tenants that share an issuer apart."""

    issuer: str
    jwks_uri: str
    audience: str
    subject: str
    algorithms: frozenset[str]
    types: frozenset[str]
    require_claims: Mapping[str, object]
    clients: frozenset[str] | None
    scope: str | None
    match: Mapping[str, object] | None

    @property
    def subject_claim(self) -> str:
        """The claim that names the user."""
        return self.subject.removeprefix(CLAIM) if self.subject.startswith(CLAIM) else "sub"

    def is_meant_by(self, claims: Mapping[str, object]) -> bool:
        """Whether a token with these claims is for this tenant."""
        return self.match is None or _is_equal(claims.get(str(self.match["claim"])), self.match["equals"])

    def lacking_claim(self, claims: Mapping[str, object]) -> str | None:
        """The first claim that must have a certain value and has another."""
        wanted = self.require_claims.items()
        return next((name for name, value in wanted if not _is_equal(claims.get(name), value)), None)


def _is_equal(one: object, other: object) -> bool:
    # True equals 1 to Python, and 1 equals 1.0; a claim is equal when its JSON is.
    return type(one) is type(other) and one == other


def issuer_from(row: Mapping[str, Any]) -> TrustedIssuer:
    """The issuer in a row of the table `issuers`, as JSON."""
    return TrustedIssuer(
        issuer=row["issuer"],
        jwks_uri=row["jwks_uri"],
        audience=row["audience"],
        subject=row["subject"],
        algorithms=frozenset(row["algorithms"]),
        types=frozenset(typ.lower().removeprefix("application/") for typ in row["typ"]),
        require_claims=row["require_claims"],
        clients=None if row["clients"] is None else frozenset(row["clients"]),
        scope=row["scope"],
        match=row["match"],
    )
