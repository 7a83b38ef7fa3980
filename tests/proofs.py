"""A key of a client's own, and the DPoP proofs that it signs (RFC 9449 §4.2)."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx

from conftest import Clock
from forgery import Pair, pair
from keyed import ISSUER, TOKEN_URL

PUBLIC = ("kty", "crv", "x", "y", "n", "e")


def hash_of(token: str) -> str:
    """`ath`: what ties a proof to an access token."""
    return urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a key."""

    clock: Clock
    key: Pair = field(default_factory=pair)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a proof brings it along."""
        return {name: value for name, value in self.key.jwk.items() if name in PUBLIC}

    @property
    def thumbprint(self) -> str:
        """RFC 7638."""
        return self.key.jwk["kid"]

    def proof(
        self,
        method: str = "POST",
        url: str = TOKEN_URL,
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        **changed: Any,
    ) -> str:
        """A proof for one request; what is given as `None` is left out."""
        good = {"htm": method, "htu": url, "iat": int(self.clock().timestamp()), "jti": uuid4().hex}
        claims = good | ({} if token is None else {"ath": hash_of(token)}) | changed
        members = {"typ": "dpop+jwt", "jwk": self.jwk, "kid": None} | (header or {})
        return self.key.token({name: value for name, value in claims.items() if value is not None}, **members)

    def headers(self, token: str, method: str, path: str, **changed: Any) -> dict[str, str]:
        """What a request with a bound token is sent with."""
        proof = self.proof(method, f"{ISSUER}{path}", token=token, **changed)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    async def ask(self, http: httpx.AsyncClient, form: dict[str, str], proof: str | None = None) -> httpx.Response:
        """Ask for tokens that are bound to this key."""
        return await http.post("/oauth2/v1/token", data=form, headers={"DPoP": proof or self.proof()})

    async def get(self, http: httpx.AsyncClient, token: str, path: str) -> httpx.Response:
        """Use a bound token."""
        return await http.get(path, headers=self.headers(token, "GET", path))
