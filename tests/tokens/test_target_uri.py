import pytest
from hypothesis import given
from hypothesis import strategies as st

from impersonator_api.tokens.target_uri import normalised

HERE = "https://us.test/oauth2/v1/token"


@pytest.mark.parametrize(
    "spelling",
    [
        HERE,
        "HTTPS://US.test/oauth2/v1/token",
        "https://us.test:443/oauth2/v1/token",
        "https://us.test/oauth2/v1/token?a=b",
        "https://us.test/oauth2/v1/token#a",
        "https://us.test/oauth2/v1/%74oken",
        "https://us.test/oauth2/./v1/x/../token",
        "https://us.test/../oauth2/v1/token",
    ],
)
def test_one_address_has_many_spellings(spelling: str) -> None:
    assert normalised(spelling) == HERE


@pytest.mark.parametrize(
    "other",
    [
        "http://us.test/oauth2/v1/token",
        "https://us.test:8443/oauth2/v1/token",
        "https://us.test/oauth2/v1/token/",
        "https://us.test/oauth2/v1/Token",
        "https://us.test/oauth2%2Fv1/token",
        "https://us.test//oauth2/v1/token",
        "https://us.test/oauth2/v1/token/.",
        "https://us.test/oauth2/v1/token/x/..",
        "https://evil.test/oauth2/v1/token",
    ],
)
def test_another_address_stays_another(other: str) -> None:
    assert normalised(other) not in {None, HERE}


@pytest.mark.parametrize(
    "no_address",
    [
        "",
        "/oauth2/v1/token",
        "us.test",
        "ftp://us.test/",
        "https://",
        "https:///token",
        "https://ana@us.test/",
        "https://us.test:port/",
        "https://us.test:70000/",
        "https://[::1/",
        "https://us.test/\n",
        "https://us.test/ü",
        " https://us.test/",
    ],
)
def test_what_is_no_address_of_http_is_none(no_address: str) -> None:
    assert normalised(no_address) is None


def test_the_root_has_a_path() -> None:
    assert normalised("http://us.test") == normalised("http://us.test:80/") == "http://us.test/"


def test_escapes_are_compared_without_case() -> None:
    assert normalised("http://[::1]:8000/%c3%bc/") == "http://[::1]:8000/%C3%BC/"


@given(st.text() | st.from_regex(r"https?://[!-~]*", fullmatch=True))
def test_normalising_twice_changes_nothing(uri: str) -> None:
    once = normalised(uri)

    assert once is None or normalised(once) == once
