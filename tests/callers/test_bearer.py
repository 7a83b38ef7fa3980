from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impersonator_api.callers import Credentials, find_credentials
from impersonator_api.callers.errors import CsrfError
from impersonator_api.errors import MalformedError, ServiceError, UnauthenticatedError
from impersonator_api.tokens import SentProofs

PROOFS = ["p.r.f"]


def found(*authorization: str, cookies: tuple[str, ...] = (), **told: Any) -> Credentials | None:
    values: dict[str, Any] = {"method": "GET", "sec_fetch_site": None, "query_has_token": False} | told
    proofs = SentProofs(PROOFS, values.pop("method"), "https://us.test/door")
    return find_credentials(authorization_values=authorization, cookie_values=cookies, proofs=proofs, **values)


def refusal(*authorization: str, **told: Any) -> tuple[int, str]:
    with pytest.raises(ServiceError) as refused:
        found(*authorization, **told)
    return refused.value.status, refused.value.code


def test_nothing_sent_is_nobody() -> None:
    assert found() is None


@pytest.mark.parametrize("header", ["Bearer t.o.k", "bearer t.o.k", "BEARER   t.o.k", "  Bearer t.o.k  "])
def test_the_scheme_is_compared_without_case(header: str) -> None:
    assert found(header) == Credentials("t.o.k")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "DPoP", "DPoPt.o.k", "t.o.k", "Bearer,t.o.k"]
)
def test_another_scheme_is_no_bearer_token(header: str) -> None:
    assert refusal(header) == (401, "credentials-missing")


@pytest.mark.parametrize("header", ["DPoP t.o.k", "dpop  t.o.k"])
def test_proofs_belong_to_a_token_that_was_sent_with_their_scheme(header: str) -> None:
    sent = found(header, method="POST")

    assert sent == Credentials("t.o.k", SentProofs(PROOFS, "POST", "https://us.test/door"))
    assert found("Bearer t.o.k") == Credentials("t.o.k")


@pytest.mark.parametrize("headers", [("Bearer a", "Bearer a"), ("Bearer a", "Bearer b"), ("Basic YTpi", "Bearer a")])
def test_two_authorization_headers_are_refused(headers: tuple[str, ...]) -> None:
    assert refusal(*headers) == (400, "several-credentials")


def test_a_token_in_the_url_is_refused_whatever_else_was_sent() -> None:
    assert refusal(query_has_token=True) == (400, "token-in-query")
    assert refusal("Bearer a", query_has_token=True) == (400, "token-in-query")


@pytest.mark.parametrize("cookie", ["auth_token=a", "x=1; auth_token=a; y=2", 'auth_token="a"', "x; =; auth_token=a"])
def test_a_cookie_counts_where_no_header_was_sent(cookie: str) -> None:
    assert found(cookies=(cookie,)) == Credentials("a")


@pytest.mark.parametrize("cookie", ["auth_token=", "auth_token", "Auth_Token=a", "xauth_token=a", ""])
def test_other_cookies_do_not_count(cookie: str) -> None:
    assert found(cookies=(cookie,)) is None


def test_an_explicit_header_always_wins_over_a_cookie() -> None:
    assert found("Bearer header", cookies=("auth_token=cookie",)) == Credentials("header")


def test_a_header_of_another_scheme_does_not_fall_back_to_the_cookie() -> None:
    assert refusal("Basic YTpi", cookies=("auth_token=cookie",)) == (401, "credentials-missing")


def test_two_different_cookies_are_refused() -> None:
    assert refusal(cookies=("auth_token=a; auth_token=b",)) == (400, "several-credentials")
    assert refusal(cookies=("auth_token=a", "auth_token=b")) == (400, "several-credentials")
    assert found(cookies=("auth_token=a; auth_token=a",)) == Credentials("a")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "QUERY"])
@pytest.mark.parametrize(
    "site", [None, "", "none", "same-site", "cross-site", "Same-Origin", "same-origin, same-origin"]
)
def test_a_cookie_changes_nothing_unless_the_request_is_of_our_origin(method: str, site: str | None) -> None:
    assert refusal(cookies=("auth_token=a",), method=method, sec_fetch_site=site) == (403, "csrf")


@pytest.mark.parametrize("site", ["cross-site", "same-origin, cross-site"])
def test_a_cookie_reads_nothing_where_the_browser_names_another_site(site: str) -> None:
    assert refusal(cookies=("auth_token=a",), method="GET", sec_fetch_site=site) == (403, "csrf")


@pytest.mark.parametrize("site", [None, "none", "same-site", "same-origin"])
def test_a_cookie_reads_otherwise(site: str | None) -> None:
    assert found(cookies=("auth_token=a",), method="GET", sec_fetch_site=site) == Credentials("a")


def test_a_cookie_of_our_origin_may_change_things() -> None:
    assert found(cookies=("auth_token=a",), method="POST", sec_fetch_site="same-origin") == Credentials("a")


def test_a_header_needs_no_guard_against_other_sites() -> None:
    assert found("Bearer a", method="POST", sec_fetch_site="cross-site") == Credentials("a")


def test_a_token_does_not_show_in_logs() -> None:
    assert repr(Credentials("secret")) == "Credentials()"


@given(st.lists(st.text(), max_size=2), st.lists(st.text(), max_size=2), st.sampled_from(["GET", "POST"]))
def test_no_header_breaks_the_reader(authorization: list[str], cookies: list[str], method: str) -> None:
    with suppress(UnauthenticatedError, MalformedError, CsrfError):
        credentials = found(*authorization, cookies=tuple(cookies), method=method)

        assert credentials is None or credentials.token
