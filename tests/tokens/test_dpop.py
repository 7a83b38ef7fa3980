"""What a proof must be (RFC 9449 §4.3)."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conftest import Clock
from forgery import Pair, compact, pair
from impersonator_api.tokens import (
    InvalidProofError,
    InvalidTokenError,
    SentProofs,
    bound_key,
    token_type,
    verify_proof,
)
from impersonator_api.tokens.dpop import WINDOW, Proof
from impersonator_api.tokens.errors import PROOF_ALGORITHMS
from impersonator_api.tokens.jwa import signing_key
from impersonator_api.tokens.jwk import VERIFIABLE, parse_public_jwk, public_jwk
from keyed import TOKEN_URL
from proofs import Holder, hash_of

TOKEN = "an.access.token"


@pytest.fixture
def holder(clock: Clock) -> Holder:
    return Holder(clock)


def verified(holder: Holder, *proofs: str, **told: Any) -> Proof:
    return verify_proof(SentProofs(proofs, "POST", TOKEN_URL), now=holder.clock(), **told)


def refusal(holder: Holder, *proofs: str, **told: Any) -> str:
    with pytest.raises(InvalidProofError) as refused:
        verified(holder, *proofs, **told)
    return refused.value.detail


def of_curve(curve: ec.EllipticCurve, alg: str) -> Pair:
    private = ec.generate_private_key(curve)
    jwk = public_jwk(private, alg=alg)
    return Pair(private, jwk, signing_key(private, kid=jwk["kid"], alg=alg), parse_public_jwk(jwk)[0])


def test_a_proof_is_known_by_its_keys_thumbprint(holder: Holder) -> None:
    assert verified(holder, holder.proof()).thumbprint == holder.thumbprint


@pytest.mark.parametrize(
    "key",
    [pair(), pair("RS256"), of_curve(ec.SECP384R1(), "ES384"), of_curve(ec.SECP521R1(), "ES512")],
    ids=lambda key: key.signing.alg,
)
def test_every_algorithm_proves(clock: Clock, key: Pair) -> None:
    holder = Holder(clock, key)

    assert verified(holder, holder.proof()).thumbprint == key.jwk["kid"]


def test_a_challenge_names_every_algorithm() -> None:
    assert set(PROOF_ALGORITHMS.split()) == VERIFIABLE


def test_a_proof_may_name_its_key_as_it_likes(holder: Holder) -> None:
    assert verified(holder, holder.proof(header={"kid": "my-key", "jwk": holder.jwk | {"kid": "my-key"}})).thumbprint


def test_the_way_a_key_is_spelt_does_not_change_its_thumbprint(holder: Holder) -> None:
    more = holder.jwk | {"alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": True}

    assert verified(holder, holder.proof(header={"jwk": more})).thumbprint == holder.thumbprint


def test_an_access_token_is_hashed_into_its_proof(holder: Holder) -> None:
    assert verified(holder, holder.proof(token=TOKEN), access_token=TOKEN).thumbprint
    assert "for this access token" in refusal(holder, holder.proof(), access_token=TOKEN)
    assert "for this access token" in refusal(holder, holder.proof(token="another"), access_token=TOKEN)
    assert "for this access token" in refusal(holder, holder.proof(ath=7), access_token=TOKEN)
    assert "for this access token" in refusal(holder, holder.proof(ath=f"{hash_of(TOKEN)}="), access_token=TOKEN)


def test_one_proof_is_sent_at_a_time(holder: Holder) -> None:
    proof = holder.proof()

    assert refusal(holder) == refusal(holder, proof, proof) == refusal(holder, proof, holder.proof())
    assert refusal(holder, f"{proof}, {proof}")


@pytest.mark.parametrize(
    "header",
    [
        {"typ": None},
        {"typ": "JWT"},
        {"typ": "at+jwt"},
        {"alg": None},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"jwk": None},
        {"jwk": "a text"},
        {"jwk": {}},
        {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
        {"crit": ["b64"]},
    ],
    ids=str,
)
def test_what_is_not_signed_as_a_proof_is_none(holder: Holder, header: dict[str, Any]) -> None:
    assert "not signed as one" in refusal(holder, holder.proof(header=header))


@pytest.mark.parametrize("member", ["d", "p", "k", "oth"])
def test_a_key_that_brings_its_private_half_proves_nothing(holder: Holder, member: str) -> None:
    assert "not signed as one" in refusal(holder, holder.proof(header={"jwk": holder.jwk | {member: "AQAB"}}))


def test_another_key_than_the_one_that_signed_proves_nothing(holder: Holder) -> None:
    stranger = Holder(holder.clock)

    assert "not signed as one" in refusal(holder, stranger.proof(header={"jwk": holder.jwk}))
    assert "not signed as one" in refusal(holder, holder.proof(header={"jwk": holder.jwk | {"alg": "ES384"}}))
    assert "not signed as one" in refusal(holder, compact({"typ": "dpop+jwt", "alg": "none"}, {}))
    assert "not signed as one" in refusal(holder, "garbage")


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": None},
        {"htm": ["POST"]},
        {"htu": "http://127.0.0.1:8000/oauth2/v1/userinfo"},
        {"htu": "http://localhost:8000/oauth2/v1/token"},
        {"htu": "/oauth2/v1/token"},
        {"htu": None},
        {"htu": 7},
    ],
    ids=str,
)
def test_a_proof_is_for_one_request(holder: Holder, changed: dict[str, Any]) -> None:
    assert "another request" in refusal(holder, holder.proof(**changed))


def test_query_and_fragment_do_not_count(holder: Holder) -> None:
    assert verified(holder, holder.proof(htu=f"{TOKEN_URL}?a=b#c")).thumbprint


@pytest.mark.parametrize("jti", [None, "", 7, "j" * 256])
def test_a_proof_has_an_id_of_bounded_length(holder: Holder, jti: object) -> None:
    assert "jti" in refusal(holder, holder.proof(jti=jti))


@pytest.mark.parametrize("iat", [None, "now", True, -1, 10**400])
def test_a_proof_says_when_it_was_made(holder: Holder, iat: object) -> None:
    assert "iat" in refusal(holder, holder.proof(iat=iat))


@pytest.mark.parametrize(("seconds", "holds"), [(-61, False), (-60, True), (0, True), (60, True), (61, False)])
def test_a_proof_is_of_this_minute(holder: Holder, seconds: int, holds: bool) -> None:  # noqa: FBT001  # the answer
    proof = holder.proof(iat=int(holder.clock().timestamp()) + seconds)

    if not holds:
        assert "this minute" in refusal(holder, proof)
        return
    use = verified(holder, proof).use
    assert use.expires_at.timestamp() == holder.clock().timestamp() + seconds + WINDOW.total_seconds()


@pytest.mark.parametrize(
    "cnf", ["text", {}, {"x5t#S256": "abc"}, {"jkt": 7}, {"jkt": ""}, {"jkt": "a", "jwk": {}}], ids=str
)
def test_a_binding_that_is_not_understood_is_not_passed_over(cnf: object) -> None:
    with pytest.raises(InvalidTokenError):
        bound_key({"cnf": cnf})


def test_a_token_tells_what_it_is_bound_to() -> None:
    bound: dict[str, object] = {"cnf": {"jkt": "a-thumbprint"}}

    assert (bound_key(bound), token_type(bound)) == ("a-thumbprint", "DPoP")
    assert (bound_key({}), token_type({})) == (None, "Bearer")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
HEADER = st.dictionaries(st.sampled_from(["alg", "typ", "jwk", "kid", "crit", "b64"]), JSON)
MEMBERS = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "d"]), JSON)
CLAIMS = st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce"]), JSON)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HEADER, MEMBERS, CLAIMS)
def test_whatever_is_sent_either_holds_or_is_told_as_invalid(
    holder: Holder, header: dict[str, Any], members: dict[str, Any], claims: dict[str, Any]
) -> None:
    proof = holder.proof(header={"jwk": holder.jwk | members} | header, token=TOKEN, **claims)

    try:
        found = verified(holder, proof, access_token=TOKEN)
    except InvalidProofError:
        return

    assert found.thumbprint == holder.thumbprint
