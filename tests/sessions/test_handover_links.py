"""Links come out right, whatever redirect URI they are made from: one rule writes, one rule reads."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impersonator_api.sessions.handover import with_fragment, with_query
from impersonator_api.tokens import Minted

CODE = "LJdlIUCEgt0sPd38_dkvFDKGDWpR9ES7ybI77Z2uXN0"
REFRESH = Minted(token="eyJ.e30.AA", claims={}, expires_in=1800, expires_on=1795257000)
IN_QUERY = "refresh_token=eyJ.e30.AA&refresh_token_expires_on=1795257000&refresh_token_expires_in=1800"

QUERY_CHARACTERS = "abz09-._~!$&'()*+,;=:@/?%"
URIS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["https://a.test", "https://a.test/cb", "http://127.0.0.1:5173/", "com.example.app:/cb"]),
        st.just("") | st.text(QUERY_CHARACTERS).map(lambda text: f"?{text}"),
        st.just("") | st.text(QUERY_CHARACTERS).map(lambda text: f"#{text}"),
    ),
)
"""Everything that a realm takes for a redirect URI, and more."""


def read_by_the_page(url: str) -> list[str]:
    """What docs/guides/spa.md tells a page to do: the fragment's query, or the fragment where it has none."""
    fragment = url.partition("#")[2]
    return parse_qs(fragment.partition("?")[2] if "?" in fragment else fragment).get("handover_code", [])


@pytest.mark.parametrize(
    ("redirect_uri", "url"),
    [
        ("https://a.test/cb", "https://a.test/cb#handover_code=CODE"),
        ("https://a.test", "https://a.test#handover_code=CODE"),
        ("https://a.test/cb?x=1", "https://a.test/cb?x=1#handover_code=CODE"),
        ("https://a.test/cb?", "https://a.test/cb?#handover_code=CODE"),
        ("https://a.test/cb#", "https://a.test/cb#handover_code=CODE"),
        ("https://a.test/#/callback", "https://a.test/#/callback?handover_code=CODE"),
        ("https://a.test/#!/callback", "https://a.test/#!/callback?handover_code=CODE"),
        ("https://a.test/#/callback?x=1", "https://a.test/#/callback?x=1&handover_code=CODE"),
        ("https://a.test/#/callback?", "https://a.test/#/callback?handover_code=CODE"),
        ("https://a.test/#/callback?x=1&", "https://a.test/#/callback?x=1&handover_code=CODE"),
        ("https://a.test/#/callback?x=1?", "https://a.test/#/callback?x=1?&handover_code=CODE"),
        ("https://a.test/#/callback&", "https://a.test/#/callback&?handover_code=CODE"),
        ("https://a.test/#a=b", "https://a.test/#a=b&handover_code=CODE"),
        ("https://a.test/#a=b&", "https://a.test/#a=b&handover_code=CODE"),
        ("https://a.test/#?a=b", "https://a.test/#?a=b&handover_code=CODE"),
        ("https://a.test/#section", "https://a.test/#section&handover_code=CODE"),
        ("https://a.test/cb?x=1#/in?y=2", "https://a.test/cb?x=1#/in?y=2&handover_code=CODE"),
        ("https://a.test/#/", "https://a.test/#/?handover_code=CODE"),
        ("com.example.app:/callback", "com.example.app:/callback#handover_code=CODE"),
        ("com.example.app://open?x=1", "com.example.app://open?x=1#handover_code=CODE"),
        ("http://127.0.0.1:5173/cb", "http://127.0.0.1:5173/cb#handover_code=CODE"),
    ],
)
def test_a_code_goes_into_the_fragment(redirect_uri: str, url: str) -> None:
    assert with_fragment(redirect_uri, "CODE") == url


@pytest.mark.parametrize(
    ("redirect_uri", "url"),
    [
        ("https://a.test/cb", "https://a.test/cb?QUERY"),
        ("https://a.test", "https://a.test?QUERY"),
        ("https://a.test/cb?x=1", "https://a.test/cb?x=1&QUERY"),
        ("https://a.test/cb?", "https://a.test/cb?QUERY"),
        ("https://a.test/cb?x=1&", "https://a.test/cb?x=1&QUERY"),
        ("https://a.test/cb&", "https://a.test/cb&?QUERY"),
        ("https://a.test/#/callback", "https://a.test/?QUERY#/callback"),
        ("https://a.test/cb?x=1#/callback?y=2", "https://a.test/cb?x=1&QUERY#/callback?y=2"),
        ("https://a.test/cb#", "https://a.test/cb?QUERY#"),
        ("com.example.app:/callback", "com.example.app:/callback?QUERY"),
    ],
)
def test_a_refresh_token_goes_into_the_query_before_any_fragment(redirect_uri: str, url: str) -> None:
    assert with_query(redirect_uri, REFRESH) == url.replace("QUERY", IN_QUERY)


@given(URIS)
def test_the_page_finds_its_code_in_any_fragment(redirect_uri: str) -> None:
    url = with_fragment(redirect_uri, CODE)

    before = read_by_the_page(redirect_uri)
    assert read_by_the_page(url) == [*before, CODE]


@given(URIS)
def test_the_server_sees_nothing_but_the_redirect_uri(redirect_uri: str) -> None:
    url = with_fragment(redirect_uri, CODE)

    assert url.partition("#")[0] == redirect_uri.partition("#")[0]
    assert url.startswith(redirect_uri)


@given(URIS)
def test_the_query_keeps_what_it_had_and_the_fragment_stays(redirect_uri: str) -> None:
    url = with_query(redirect_uri, REFRESH)

    before, after = urlsplit(redirect_uri), urlsplit(url)
    assert parse_qs(after.query, keep_blank_values=True)["refresh_token"][-1] == REFRESH.token
    assert (after.scheme, after.netloc, after.path, after.fragment) == (
        before.scheme,
        before.netloc,
        before.path,
        before.fragment,
    )
    assert after.query.startswith(before.query)
