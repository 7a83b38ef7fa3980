"""Keys, each pinned to one algorithm (RFC 7518); the only module that imports python-jose."""

import hmac
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jwk as jose_jwk
from jose.backends.cryptography_backend import CryptographyECKey, CryptographyRSAKey
from jose.backends.native import HMACKey
from typing_extensions import override

from impersonator_api import metrics
from impersonator_api.tokens.compact import UnverifiedToken, encode_base64url

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

HS256 = "HS256"
"""RFC 7518 §3.2."""

REMEMBERED = 8192
"""Signatures for each key, the oldest are forgotten first: less than a megabyte."""


class WrongBackendError(Exception):
    """python-jose would compute with something else than `cryptography`; the service must not start."""


class _JoseKey(Protocol):
    def sign(self, msg: bytes) -> bytes: ...
    def verify(self, msg: bytes, sig: bytes) -> bool: ...


class _EcKey(CryptographyECKey):  # type: ignore[misc]  # python-jose has no types
    """python-jose's own makes its algorithm anew for each signature, and that takes a tenth of the time of signing."""

    def __init__(self, key: PrivateKey | PublicKey, alg: str) -> None:
        super().__init__(key, alg)
        self._ecdsa = ec.ECDSA(self.hash_alg())

    @override
    def sign(self, msg: bytes) -> bytes:
        raw: bytes = self._der_to_raw(self.prepared_key.sign(msg, self._ecdsa))
        return raw


class _MacKey(HMACKey):  # type: ignore[misc]  # likewise
    """python-jose's own makes an object for each MAC, which takes longer than the MAC."""

    @override
    def sign(self, msg: bytes) -> bytes:
        return hmac.digest(self.prepared_key, msg, "sha256")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, parsed once, pinned to one algorithm."""

    kid: str
    alg: str
    jose: _JoseKey = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    """Encoded once for each `typ`."""

    def header(self, typ: str) -> str:
        """The protected header of a token of that type, encoded (RFC 7515 §7.1)."""
        known = self.headers.get(typ)
        if known is None:
            header = {"alg": self.alg, "kid": self.kid, "typ": typ}
            known = self.headers[typ] = encode_base64url(msgspec.json.encode(header))
        return known


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, parsed once, pinned to one algorithm. Not `is_named`: it was found by other means than its kid.

    It remembers what it verified, as digests, and that goes when it goes: rotated away, or compromised. Not
    `is_slow`: verifying again takes no longer than to look.
    """

    kid: str
    alg: str
    jose: _JoseKey = field(repr=False)
    is_named: bool = True
    is_slow: bool = True
    verified: dict[bytes, None] = field(default_factory=dict, repr=False, compare=False)

    def holds(self, token: UnverifiedToken) -> bool:
        """Whether the signature is this key's. Only that it is gets remembered: made-up tokens displace nothing."""
        if not self.is_slow:
            return self.jose.verify(token.signing_input, token.signature)
        if token.digest in self.verified:
            metrics.token_cache_hit()
            return True
        metrics.token_cache_missed()
        if not self.jose.verify(token.signing_input, token.signature):
            return False
        while len(self.verified) >= REMEMBERED:
            del self.verified[next(iter(self.verified))]
        self.verified[token.digest] = None
        return True


def assert_backend() -> None:
    """Raise `WrongBackendError` unless python-jose computes with `cryptography`; called at start-up.

    Its other backends are pure Python, one of them open to a timing attack (CVE-2024-23342).
    """
    if (jose_jwk.get_key("ES256"), jose_jwk.get_key("RS256")) != (CryptographyECKey, CryptographyRSAKey):
        message = "python-jose does not use its cryptography backend; install python-jose[cryptography]"
        raise WrongBackendError(message)


def signing_key(private: PrivateKey, *, kid: str, alg: str) -> SigningKey:
    """Make a parsed private key ready for use."""
    return SigningKey(kid=kid, alg=alg, jose=_jose_key(private, alg))


def verifying_key(public: PublicKey, *, kid: str, alg: str) -> VerifyingKey:
    """Make a parsed public key ready for use."""
    return VerifyingKey(kid=kid, alg=alg, jose=_jose_key(public, alg))


def symmetric_keys(secret: bytes, *, kid: str) -> tuple[SigningKey, VerifyingKey]:
    """Make a secret ready for both uses."""
    # Of python-jose's two, the one by the standard library: a fifth of the time, and it too compares in equal time.
    jose: _JoseKey = _MacKey(secret, HS256)
    return SigningKey(kid=kid, alg=HS256, jose=jose), VerifyingKey(kid=kid, alg=HS256, jose=jose, is_slow=False)


def _jose_key(key: PrivateKey | PublicKey, alg: str) -> _JoseKey:
    kind = CryptographyRSAKey if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) else _EcKey
    jose: _JoseKey = kind(key, alg)
    return jose
