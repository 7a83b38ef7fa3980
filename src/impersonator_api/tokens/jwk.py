"""Keys as the world sees them: JWK (RFC 7517, 7518 §6) out and in, and fresh pairs."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from json import dumps

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from impersonator_api.tokens.compact import decode_base64url, encode_base64url
from impersonator_api.tokens.errors import InvalidTokenError, KeyUnusableError
from impersonator_api.tokens.jwa import PrivateKey, PublicKey, VerifyingKey, verifying_key

PUBLIC_EXPONENT = 65537
RSA_BITS = 2048
MOST_RSA_BITS = 8192
MOST_PUBLIC_EXPONENT = 2**32

CURVES: Mapping[str, tuple[ec.EllipticCurve, str]] = {
    "P-256": (ec.SECP256R1(), "ES256"),
    "P-384": (ec.SECP384R1(), "ES384"),
    "P-521": (ec.SECP521R1(), "ES512"),
}
CURVE_NAMES = {curve.name: name for name, (curve, _) in CURVES.items()}
RSA_ALGORITHMS = ("RS256", "RS384", "RS512")
VERIFIABLE = frozenset(RSA_ALGORITHMS) | frozenset(alg for _, alg in CURVES.values())
"""What foreign tokens may be signed with: neither `none`, nor HS*, nor what python-jose lacks (PS*, EdDSA)."""

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def generate_private_key(alg: str) -> PrivateKey:
    """Make a pair for ES256 or RS256."""
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=PUBLIC_EXPONENT, key_size=RSA_BITS)


def export_private_key(private: PrivateKey) -> bytes:
    """PKCS #8 in DER, in the clear: seal it before it goes anywhere."""
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def parse_private_key(pkcs8: bytes) -> PrivateKey:
    """Read back what `export_private_key` wrote; 28 ms for RSA, so once per key."""
    private = load_der_private_key(pkcs8, password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise KeyUnusableError("neither EC nor RSA")
    return private


def public_jwk(private: PrivateKey, *, alg: str) -> dict[str, str]:
    """The public half with `kid` (its RFC 7638 thumbprint), `use` and `alg`; never a private member."""
    members = _public_members(private.public_key())
    return {**members, "kid": thumbprint(members), "use": "sig", "alg": alg}


def thumbprint(required_members: Mapping[str, str]) -> str:
    """RFC 7638 §3: SHA-256 over the required members in lexical order without white space."""
    return encode_base64url(sha256(dumps(required_members, sort_keys=True, separators=(",", ":")).encode()).digest())


def _public_members(public: PublicKey) -> dict[str, str]:
    numbers = public.public_numbers()
    if isinstance(numbers, rsa.RSAPublicNumbers):
        return {"kty": "RSA", "n": _encode_integer(numbers.n), "e": _encode_integer(numbers.e)}
    # RFC 7518 §6.2.1.2: coordinates are padded to the size of the field.
    size = (numbers.curve.key_size + 7) // 8
    x, y = (encode_base64url(value.to_bytes(size, "big")) for value in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": CURVE_NAMES[numbers.curve.name], "x": x, "y": y}


def _encode_integer(value: int) -> str:
    return encode_base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def parse_public_jwk(jwk: Mapping[str, object]) -> tuple[VerifyingKey, ...]:
    """The verifying keys one JWK stands for: a key pinned to each algorithm it may be used with.

    Raises `KeyUnusableError` for what may not verify: private or symmetric keys, other uses, weak RSA, no `kid`.
    """
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise KeyUnusableError("no kid")
    if not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise KeyUnusableError("a private or symmetric key")
    if jwk.get("use", "sig") != "sig" or not _may_verify(jwk.get("key_ops", ["verify"])):
        raise KeyUnusableError("not for signatures")
    public, possible = _parse_public_key(jwk)
    named = jwk.get("alg", possible[0] if len(possible) == 1 else None)
    algorithms = [alg for alg in possible if named in {None, alg}] if isinstance(named, str | None) else []
    if not algorithms:
        raise KeyUnusableError("an algorithm that does not fit the key")
    return tuple(verifying_key(public, kid=kid, alg=alg) for alg in algorithms)


def parse_proof_key(jwk: Mapping[str, object], *, alg: str) -> VerifyingKey:
    """The key that a DPoP proof brings along, named by its RFC 7638 thumbprint; raises `KeyUnusableError`."""
    if not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise KeyUnusableError("a private or symmetric key")
    public, possible = _parse_public_key(jwk)
    if alg not in possible or jwk.get("alg", alg) != alg:
        raise KeyUnusableError("an algorithm that does not fit the key")
    # Made from the numbers again: one key has one thumbprint, however it was spelt.
    return replace(verifying_key(public, kid=thumbprint(_public_members(public)), alg=alg), is_named=False)


def _may_verify(operations: object) -> bool:
    return isinstance(operations, list) and "verify" in operations


def _parse_public_key(jwk: Mapping[str, object]) -> tuple[PublicKey, tuple[str, ...]]:
    kind = jwk.get("kty")
    try:
        if kind == "EC":
            return _parse_ec_key(jwk)
        if kind == "RSA":
            return _parse_rsa_key(jwk), RSA_ALGORITHMS
    except (ValueError, InvalidTokenError) as error:
        raise KeyUnusableError("numbers that make no key") from error
    raise KeyUnusableError("an unknown kty")


def _parse_ec_key(jwk: Mapping[str, object]) -> tuple[PublicKey, tuple[str, ...]]:
    curve, alg = CURVES.get(str(jwk.get("crv")), (None, ""))
    if curve is None:
        raise KeyUnusableError("an unknown curve")
    # `public_key()` refuses a point that is not on the curve.
    numbers = ec.EllipticCurvePublicNumbers(_decode_integer(jwk, "x"), _decode_integer(jwk, "y"), curve)
    return numbers.public_key(), (alg,)


def _parse_rsa_key(jwk: Mapping[str, object]) -> PublicKey:
    modulus, exponent = _decode_integer(jwk, "n"), _decode_integer(jwk, "e")
    # A huge modulus or exponent makes each verification slow enough to stop the service.
    if not RSA_BITS <= modulus.bit_length() <= MOST_RSA_BITS or exponent >= MOST_PUBLIC_EXPONENT:
        raise KeyUnusableError("an RSA key that is too weak or too large")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _decode_integer(jwk: Mapping[str, object], name: str) -> int:
    value = jwk.get(name)
    return int.from_bytes(decode_base64url(value if isinstance(value, str) else ""), "big")
