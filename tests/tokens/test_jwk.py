from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from forgery import pair, part
from impersonator_api.tokens import KeyUnusableError, parse_public_jwk
from impersonator_api.tokens.compact import encode_base64url
from impersonator_api.tokens.jwk import export_private_key, parse_private_key, thumbprint

EC_JWK, RSA_JWK = pair("ES256").jwk, pair("RS256").jwk


def ec_jwk(curve: ec.EllipticCurve, name: str) -> dict[str, Any]:
    numbers = ec.generate_private_key(curve).public_key().public_numbers()
    x, y = (encode_base64url(value.to_bytes((curve.key_size + 7) // 8, "big")) for value in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": name, "x": x, "y": y, "kid": "k"}


def rsa_jwk(bits: int) -> dict[str, Any]:
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key().public_numbers()
    return {"kty": "RSA", "n": encode_base64url(numbers.n.to_bytes(bits // 8, "big")), "e": "AQAB", "kid": "k"}


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    # RFC 7638 §3.1.
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn6"
        "4tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9"
        "1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )

    assert thumbprint({"kty": "RSA", "n": modulus, "e": "AQAB"}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    ("jwk", "names"), [(EC_JWK, {"kty", "crv", "x", "y"}), (RSA_JWK, {"kty", "n", "e"})], ids=["EC", "RSA"]
)
def test_a_published_key_has_public_members_only(jwk: dict[str, str], names: set[str]) -> None:
    assert set(jwk) == names | {"kid", "use", "alg"}
    assert jwk["use"] == "sig"
    assert jwk["kid"] == thumbprint({name: jwk[name] for name in names})


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_private_key_comes_back_from_its_export(alg: str) -> None:
    private = pair(alg).private

    again = parse_private_key(export_private_key(private))

    assert again.private_numbers() == private.private_numbers()


def test_a_private_key_of_another_kind_is_refused() -> None:
    other = ed25519.Ed25519PrivateKey.generate()

    with pytest.raises(KeyUnusableError):
        parse_private_key(other.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.parametrize(
    ("curve", "name", "alg"), [(ec.SECP384R1(), "P-384", "ES384"), (ec.SECP521R1(), "P-521", "ES512")]
)
def test_larger_curves_of_other_issuers_are_understood(curve: ec.EllipticCurve, name: str, alg: str) -> None:
    (key,) = parse_public_jwk(ec_jwk(curve, name))

    assert (key.kid, key.alg) == ("k", alg)


def test_an_rsa_key_without_alg_is_pinned_once_for_each_algorithm() -> None:
    jwk = {name: value for name, value in RSA_JWK.items() if name != "alg"}

    assert [key.alg for key in parse_public_jwk(jwk)] == ["RS256", "RS384", "RS512"]


@pytest.mark.parametrize(
    "changed",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": 1},
        {"use": "enc"},
        {"use": None},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": "PS256"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": ["ES256"]},
        {"d": "AQAB"},
        {"k": "c2VjcmV0"},
        {"kty": "oct"},
        {"kty": "OKP"},
        {"kty": None},
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": ["P-256"]},
        {"x": "AQAB"},
        {"x": "!"},
        {"x": 1},
        {"y": None},
    ],
    ids=str,
)
def test_a_key_that_must_not_verify_is_unusable(changed: dict[str, object]) -> None:
    with pytest.raises(KeyUnusableError):
        parse_public_jwk(EC_JWK | changed)


@pytest.mark.parametrize(
    "changed",
    [{"e": "AQ"}, {"e": "AA"}, {"e": part(b"\x01" * 9)}, {"n": "AQAB"}, {"n": part(b"\xff" * 2048)}, {"alg": "ES256"}],
    ids=["e=1", "e=0", "e too large", "n too small", "n too large", "alg"],
)
def test_an_odd_rsa_key_is_unusable(changed: dict[str, object]) -> None:
    with pytest.raises(KeyUnusableError):
        parse_public_jwk(RSA_JWK | changed)


def test_a_weak_rsa_key_is_unusable() -> None:
    with pytest.raises(KeyUnusableError, match="weak"):
        parse_public_jwk(rsa_jwk(1024))


def test_what_may_verify_may_be_said_in_key_ops() -> None:
    assert parse_public_jwk(EC_JWK | {"key_ops": ["verify"]})


@given(
    st.dictionaries(
        st.sampled_from(["kty", "kid", "crv", "x", "y", "n", "e", "use", "alg", "key_ops"]),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.sampled_from(["EC", "RSA"]),
    )
)
def test_no_jwk_breaks_the_parser(jwk: dict[str, object]) -> None:
    with pytest.raises(KeyUnusableError):
        parse_public_jwk({"kid": "k"} | jwk | {"n": "x"})
