import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgery import compact, part
from impersonator_api.tokens import TokenMalformedError, read_unverified
from impersonator_api.tokens.compact import JUST_READ, LONGEST_REMEMBERED, REMEMBERED, remember

HEADER = {"alg": "ES256"}


def test_a_token_is_taken_apart() -> None:
    token = read_unverified(compact(HEADER, {"iss": "https://idp.test", "exp": 1, "half": 0.5, "b": True}, b"sig"))

    assert token.header == HEADER
    assert token.claims == {"iss": "https://idp.test", "exp": 1, "half": 0.5, "b": True}
    assert token.signature == b"sig"
    assert token.find_text("iss") == "https://idp.test"
    assert token.find_text("exp") is None
    assert token.find_header("alg") == "ES256"


@pytest.mark.parametrize(
    "claims",
    [
        b'{"sub":"ana","sub":"bob"}',
        b'{"act":{"sub":"ana","sub":"bob"}}',
        b'{"exp":NaN}',
        b'{"exp":Infinity}',
        b'{"exp":-Infinity}',
        b'{"exp":1e999}',
        b'{"sub":"\\u0000"}',
        b'{"\\u0000":1}',
        b'{"sub":"\\ud800"}',
        b'{"sub":["\\udfff"]}',
        b'{"sub":"a\tb"}',
        b'{"sub":"\xff"}',
        b'\xef\xbb\xbf{"sub":"1"}',
        '{"sub":"1"}'.encode("utf-16"),
        b'{"n":' + b"1" * 5000 + b"}",
        b'{"a":' * 20 + b"1" + b"}" * 20,
        b"[" * 6000,
        b'["sub"]',
        b'"text"',
        b"null",
        b"{",
        b"{} {}",
    ],
)
def test_what_is_not_one_plain_json_object_is_malformed(claims: bytes) -> None:
    with pytest.raises(TokenMalformedError):
        read_unverified(compact(HEADER, claims))

    with pytest.raises(TokenMalformedError):
        read_unverified(compact(claims, {}))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "....",
        f"{part(HEADER)}.{part({})}.",
        f"{part(HEADER)}.{part({})}.c2ln.c2ln",
        f"{part(HEADER)}=.{part({})}.c2ln",
        f" {part(HEADER)}.{part({})}.c2ln",
        f"{part(HEADER)}.{part({})}.c2ln\n",
        f"{part(HEADER)}.{part({})}.a",
        f"{part(HEADER)}.{part({})}.a+/b",
        f"{part(HEADER)}.{part({})}.é",
        f"{part(HEADER)}.{part({'pad': 'x' * 16384})}.c2ln",
    ],
)
def test_what_is_not_three_parts_of_base64url_is_malformed(token: str) -> None:
    with pytest.raises(TokenMalformedError):
        read_unverified(token)


def test_a_signature_has_only_one_spelling() -> None:
    canonical = base64.urlsafe_b64encode(b"\x00").rstrip(b"=").decode()
    assert canonical == "AA"

    with pytest.raises(TokenMalformedError):
        read_unverified(f"{part(HEADER)}.{part({})}.AB")


def test_neither_claims_nor_signature_show_in_logs() -> None:
    token = read_unverified(compact(HEADER, {"email": "ana@acme.test"}, b"sig"))

    assert repr(token) == "UnverifiedToken()"


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(TokenMalformedError):
        read_unverified(text)


@given(st.binary(), st.binary(), st.binary())
def test_no_bytes_break_the_reader(header: bytes, claims: bytes, signature: bytes) -> None:
    with suppress(TokenMalformedError):
        read_unverified(compact(header, claims, signature))


def test_no_more_tokens_are_remembered_than_that() -> None:
    first = read_unverified(compact(HEADER, {"jti": "first"}, b"sig"))
    remember(first)

    for number in range(REMEMBERED):
        remember(read_unverified(compact(HEADER, {"jti": number}, b"sig")))

    assert read_unverified(first.text).claims is not first.claims


def test_what_is_made_up_displaces_nothing_that_was_verified() -> None:
    verified, made_up = (read_unverified(compact(HEADER, {"jti": jti}, b"sig")) for jti in ("verified", "made up"))
    remember(verified)

    for number in range(JUST_READ):
        read_unverified(compact(HEADER, {"jti": f"made up {number}"}, b"sig"))

    assert read_unverified(verified.text).claims is verified.claims
    assert read_unverified(made_up.text).claims is not made_up.claims


def test_a_long_token_displaces_nothing() -> None:
    long = compact(HEADER, {"jti": "x" * LONGEST_REMEMBERED}, b"sig")

    first = read_unverified(long)
    remember(first)

    again = read_unverified(long)

    assert again.claims == first.claims
    assert again.claims is not first.claims


def test_what_many_tokens_say_is_kept_once() -> None:
    one, other = (read_unverified(compact(HEADER, {"iss": "https://idp.test", "jti": n}, b"sig")) for n in (1, 2))

    assert one.claims["iss"] is other.claims["iss"]
