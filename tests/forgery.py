"""Tokens as another issuer makes them, or as an attacker would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from impersonator_api.tokens.compact import encode_base64url
from impersonator_api.tokens.jwa import PrivateKey, SigningKey, VerifyingKey, signing_key
from impersonator_api.tokens.jwk import generate_private_key, parse_public_jwk, public_jwk


@dataclass(frozen=True)
class Pair:
    """A key of somebody's, both halves."""

    private: PrivateKey
    jwk: dict[str, str]
    signing: SigningKey
    verifying: VerifyingKey

    def token(self, claims: Mapping[str, Any], **header: Any) -> str:
        """A signed JWT; a header member given as `None` is left out."""
        members = {"alg": self.signing.alg, "kid": self.signing.kid, "typ": "at+jwt"} | header
        signed = ".".join(part(half) for half in ({k: v for k, v in members.items() if v is not None}, claims))
        return f"{signed}.{encode_base64url(self.signing.jose.sign(signed.encode()))}"


def pair(alg: str = "ES256") -> Pair:
    """A fresh key for ES256 or RS256."""
    private = generate_private_key(alg)
    jwk = public_jwk(private, alg=alg)
    (verifying,) = parse_public_jwk(jwk)
    return Pair(private, jwk, signing_key(private, kid=jwk["kid"], alg=alg), verifying)


def part(content: object) -> str:
    """One part of a compact JWS; bytes and texts are taken as they are, the rest as JSON."""
    octets = content if isinstance(content, bytes) else json.dumps(content).encode()
    return encode_base64url(octets)


def compact(header: object, claims: object, signature: bytes = b"signature") -> str:
    """A compact JWS of whatever parts."""
    return f"{part(header)}.{part(claims)}.{encode_base64url(signature)}"
