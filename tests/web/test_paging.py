from base64 import urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impersonator_api.settings import Settings
from impersonator_api.web.errors import InvalidCursorError
from impersonator_api.web.paging import cursor_after, next_page, read_cursor

LAST = UUID("019aa5e2-7b0c-7c3e-9b1a-2f6f0d1c9e11")


@given(last=st.uuids(), client=st.none() | st.text())
def test_a_cursor_leads_back_to_its_row(last: UUID, client: str | None) -> None:
    assert read_cursor(cursor_after(last, {"client": client}), {"client": client}) == last


def test_the_first_page_has_no_cursor() -> None:
    assert read_cursor(None, {}) is None


def test_a_filter_left_out_is_the_same_as_none() -> None:
    assert read_cursor(cursor_after(LAST, {"client": None}), {}) == LAST


def test_a_cursor_of_other_filters_is_refused() -> None:
    cursor = cursor_after(LAST, {"client": "dashboard"})

    with pytest.raises(InvalidCursorError):
        read_cursor(cursor, {"client": "backoffice"})


@given(cursor=st.text() | st.binary(max_size=30).map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_what_we_did_not_make_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        read_cursor(cursor, {})


@pytest.mark.parametrize("change", [lambda c: c + "=", lambda c: c + "\n", lambda c: c[:5] + "." + c[5:], str.swapcase])
def test_only_one_spelling_is_ours(change: Callable[[str], str]) -> None:
    with pytest.raises(InvalidCursorError):
        read_cursor(change(cursor_after(LAST, {})), {})


def test_the_link_keeps_filters_and_stays_below_the_issuer() -> None:
    settings = Settings(issuer="http://127.0.0.1:8000")

    headers = next_page(settings, "/list", filters={"q": 'a>; rel="x', "client": None}, limit=5, last=LAST)

    url, _, relation = headers["Link"].partition("; ")
    assert relation == 'rel="next"'
    assert url.startswith("<http://127.0.0.1:8000/list?")
    assert parse_qs(urlsplit(url.strip("<>")).query)["q"] == ['a>; rel="x']
