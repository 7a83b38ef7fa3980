import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jose.constants import ALGORITHMS
from msgspec.structs import replace

from forgery import Pair, compact, pair, part
from impersonator_api.tokens import (
    Expected,
    InvalidTokenError,
    UnverifiedToken,
    VerifiedClaims,
    VerifyingKey,
    read_unverified,
    verify,
)
from impersonator_api.tokens.errors import TokenExpiredError
from impersonator_api.tokens.jwa import verifying_key
from impersonator_api.tokens.jws import sign

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER = "https://idp.test"
OUR_KEY, OTHER_KEY, RSA_KEY = pair(), pair(), pair("RS256")

EXPECTED = Expected(
    issuer=ISSUER, audience="api", types=frozenset({"at+jwt"}), required=frozenset({"sub"}), leeway=timedelta(0)
)


def claims(**changed: Any) -> dict[str, Any]:
    """Good claims; one given as `None` is left out."""
    good = {"iss": ISSUER, "aud": "api", "sub": "ana", "iat": AT, "nbf": AT, "exp": AT + 300}
    return {name: value for name, value in (good | changed).items() if value is not None}


def verified(token: str, key: VerifyingKey = OUR_KEY.verifying, now: datetime = NOW, **expected: Any) -> VerifiedClaims:
    return verify(read_unverified(token), key=key, expected=replace(EXPECTED, **expected), now=now)


@pytest.mark.parametrize("key", [OUR_KEY, RSA_KEY], ids=["ES256", "RS256"])
def test_what_was_signed_verifies(key: Pair) -> None:
    token = sign(claims(), key=key.signing, typ="at+jwt")

    assert verified(token, key.verifying).claims == claims()


def test_a_header_names_algorithm_type_and_key() -> None:
    token = read_unverified(sign(claims(), key=OUR_KEY.signing, typ="at+jwt"))

    assert token.header == {"alg": "ES256", "typ": "at+jwt", "kid": OUR_KEY.signing.kid}


def test_what_json_cannot_say_is_not_signed() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        sign({"exp": float("nan")}, key=OUR_KEY.signing, typ="at+jwt")


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/at+JWT"])
def test_the_type_is_compared_as_a_media_type(typ: str) -> None:
    assert verified(OUR_KEY.token(claims(), typ=typ)).typ == "at+jwt"


@pytest.mark.parametrize("typ", ["rt+jwt", "JWT", "at+jwt ", "application/application/at+jwt", "", None, 1, ["at+jwt"]])
def test_a_token_of_another_kind_is_refused(typ: object) -> None:
    with pytest.raises(InvalidTokenError, match="another kind"):
        verified(OUR_KEY.token(claims(), typ=typ))


@pytest.mark.parametrize("alg", [*sorted(ALGORITHMS.SUPPORTED - {"ES256"}), "none", "None", "es256", "EdDSA", None, 1])
def test_a_token_cannot_choose_its_algorithm(alg: object) -> None:
    with pytest.raises(InvalidTokenError, match="not signed with the key"):
        verified(OUR_KEY.token(claims(), alg=alg))


def test_a_public_key_is_no_secret_to_sign_with() -> None:
    public = OUR_KEY.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': OUR_KEY.signing.kid})}.{part(claims())}"
    mac = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    token = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    with pytest.raises(InvalidTokenError):
        verified(token)


@pytest.mark.parametrize("kid", [None, "", "other", 1])
def test_a_token_must_name_the_key_it_is_verified_with(kid: object) -> None:
    with pytest.raises(InvalidTokenError, match="not signed with the key"):
        verified(OUR_KEY.token(claims(), kid=kid))


def test_another_key_under_the_same_name_does_not_verify() -> None:
    with pytest.raises(InvalidTokenError, match="signature"):
        verified(OTHER_KEY.token(claims(), kid=OUR_KEY.signing.kid))


def test_a_key_of_another_curve_does_not_verify() -> None:
    private = ec.generate_private_key(ec.SECP384R1())
    key = verifying_key(private.public_key(), kid=OUR_KEY.signing.kid, alg="ES256")

    with pytest.raises(InvalidTokenError, match="signature"):
        verified(OUR_KEY.token(claims()), key)


@pytest.mark.parametrize("header", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_comes_along_is_never_looked_at(header: str) -> None:
    values = {"jwk": OTHER_KEY.jwk, "x5c": ["MIIB"]}
    forged = OTHER_KEY.token(claims(), kid=OUR_KEY.signing.kid, **{header: values.get(header, "https://evil.test")})

    with pytest.raises(InvalidTokenError, match="signature"):
        verified(forged)


@pytest.mark.parametrize("crit", [["b64"], [], None, "exp"])
def test_demanded_extensions_are_refused(crit: object) -> None:
    header = {"alg": "ES256", "kid": OUR_KEY.signing.kid, "typ": "at+jwt", "crit": crit}
    token = UnverifiedToken("", b"", header, claims(), [])

    with pytest.raises(InvalidTokenError, match="extensions"):
        verify(token, key=OUR_KEY.verifying, expected=EXPECTED, now=NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://idp.test/"},
        {"iss": "HTTPS://idp.test"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"aud": None},
        {"aud": "API"},
        {"aud": []},
        {"aud": ["other"]},
        {"aud": ["api", 1]},
        {"aud": {"api": 1}},
        {"sub": None},
        {"sub": ""},
        {"exp": None},
        {"exp": True},
        {"exp": str(AT + 300)},
        {"exp": -1},
        {"exp": 10**30},
        {"nbf": AT + 1},
        {"nbf": False},
        {"iat": AT + 1},
        {"iat": "now"},
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        verified(OUR_KEY.token(claims(**changed)))


@pytest.mark.parametrize("value", [[], {}, ["a"]])
def test_odd_values_of_required_claims_do_not_break_the_verifier(value: object) -> None:
    assert verified(OUR_KEY.token(claims(sub=value))).claims["sub"] == value


@pytest.mark.parametrize("aud", ["api", ["other", "api"]])
def test_one_audience_of_several_is_enough(aud: object) -> None:
    assert verified(OUR_KEY.token(claims(aud=aud))).claims["aud"] == aud


def test_where_any_audience_will_do_there_must_still_be_one() -> None:
    assert verified(OUR_KEY.token(claims(aud="elsewhere")), audience=None).claims

    with pytest.raises(InvalidTokenError, match="aud"):
        verified(OUR_KEY.token(claims(aud=None)), audience=None)


def test_a_token_dies_the_moment_it_expires() -> None:
    token = OUR_KEY.token(claims(exp=AT + 10))

    assert verified(token, now=NOW + timedelta(seconds=9.9)).claims
    with pytest.raises(TokenExpiredError):
        verified(token, now=NOW + timedelta(seconds=10))


def test_leeway_stretches_both_ends() -> None:
    token = OUR_KEY.token(claims(nbf=AT + 60, iat=AT + 60, exp=AT + 60))

    assert verified(token, now=NOW, leeway=timedelta(minutes=1)).claims
    assert verified(token, now=NOW + timedelta(seconds=119), leeway=timedelta(minutes=1)).claims
    with pytest.raises(TokenExpiredError):
        verified(token, now=NOW + timedelta(seconds=120), leeway=timedelta(minutes=1))


def test_issue_and_begin_may_be_left_out() -> None:
    assert verified(OUR_KEY.token(claims(iat=None, nbf=None))).claims


def test_claims_are_verified_by_nothing_but_verify() -> None:
    with pytest.raises(TypeError):
        VerifiedClaims({"sub": "ana"}, typ="at+jwt", proof=object())


def test_verified_claims_are_read_by_kind() -> None:
    found = verified(OUR_KEY.token(claims(scope="b a", n=1, auth_time=AT)))

    assert found.scopes == {"a", "b"}
    assert (found.load_text("sub"), found.find_text("absent")) == ("ana", None)
    assert (found.find_moment("auth_time"), found.find_moment("absent")) == (AT, None)
    for read in (found.find_text, found.load_text):
        with pytest.raises(InvalidTokenError, match="n is not a text"):
            read("n")
    with pytest.raises(InvalidTokenError, match="no absent"):
        found.load_text("absent")


def test_verified_claims_cannot_be_changed() -> None:
    found = verified(OUR_KEY.token(claims()))

    with pytest.raises(TypeError):
        found.claims["sub"] = "bob"  # type: ignore[index]  # that is the fact


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "scope"]), JSON))
def test_whatever_is_signed_either_holds_or_is_told_as_invalid(changed: dict[str, Any]) -> None:
    token = OUR_KEY.token(claims() | changed)

    try:
        found = verified(token).claims
    except InvalidTokenError:
        return

    assert found["iss"] == ISSUER
    assert "api" in found["aud"]  # type: ignore[operator]  # a text or a list, by now
    assert found["exp"] > AT  # type: ignore[operator]  # a number, by now


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "b64"]), JSON), st.binary(min_size=1))
def test_no_header_and_no_signature_break_the_verifier(header: dict[str, Any], signature: bytes) -> None:
    good = {"alg": "ES256", "kid": OUR_KEY.signing.kid, "typ": "at+jwt"}

    with pytest.raises(InvalidTokenError):
        verified(compact(good | header, claims(), signature))
