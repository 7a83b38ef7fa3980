"""A service that proves who it is by a key of its own (RFC 7523), and what it signs."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from builders import Organisation
from conftest import Clock
from forgery import Pair, pair

ISSUER = "http://127.0.0.1:8000"
TOKEN_URL = f"{ISSUER}/oauth2/v1/token"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Keyed:
    """A service with a registered key and no secret."""

    client_id: str
    clock: Clock
    key: Pair = field(default_factory=pair)

    def assertion(self, key: Pair | None = None, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """What it signs for one request; a claim given as `None` is left out."""
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": uuid4().hex,
        } | changed
        told = {name: value for name, value in claims.items() if value is not None}
        return (key or self.key).token(told, **({"typ": "JWT"} | (header or {})))

    def form(self, assertion: str | None = None, **more: str) -> dict[str, str]:
        """A request for a token of its own, with one assertion."""
        return {"grant_type": "client_credentials"} | self.proof(assertion) | more

    def proof(self, assertion: str | None = None) -> dict[str, str]:
        """The parameters that authenticate it."""
        return {"client_assertion_type": JWT_BEARER, "client_assertion": assertion or self.assertion()}


async def keyed_service(
    tenant: Organisation, clock: Clock, name: str = "keyed", alg: str = "ES256", **row: Any
) -> Keyed:
    """A service that registered one key in the realm."""
    key = pair(alg)
    values = {"kind": "service", "scopes": ["root", "impersonation"], "jwks": {"keys": [key.jwk]}} | row
    return Keyed(await tenant.client(name, **values), clock, key)
