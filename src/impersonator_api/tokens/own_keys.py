"""Keys for what only we sign and verify: a MAC takes a hundredth of the time of a signature that others can verify."""

from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from impersonator_api.tokens.jwa import SigningKey, VerifyingKey, symmetric_keys

SIZE: Final = 32
"""Bytes: RFC 7518 §3.2 wants as many as the hash has."""

PURPOSE: Final = b"impersonator rt+jwt"
"""So that another use of the same key would have another secret (RFC 5869 §3.2)."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A secret that comes and goes with the private key it is derived from, and has its kid."""

    signing: SigningKey
    verifying: VerifyingKey

    @classmethod
    def derived(cls, private: bytes, *, kid: str) -> Self:
        """The key that every process derives from the same private key (HKDF, RFC 5869); it is in no JWKS."""
        secret = HKDF(SHA256(), SIZE, salt=None, info=PURPOSE).derive(private)
        return cls(*symmetric_keys(secret, kid=kid))
