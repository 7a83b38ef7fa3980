"""For how long history is kept: what may be set, and when a month goes by it."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from impersonator_api.history import History, Month
from impersonator_api.settings import Settings


def test_by_default_everything_is_kept_for_ever() -> None:
    assert [kind.kept_months(Settings()) for kind in History] == [None, None, None]


def test_for_ever_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_AUDIT_KEPT_MONTHS", "forever")

    assert History.AUDIT.kept_months(Settings()) is None


def test_refresh_tokens_go_with_their_sessions_where_nothing_is_said_of_them() -> None:
    assert History.REFRESH_TOKENS.kept_months(Settings(sessions_kept_months=13)) == 13


@pytest.mark.parametrize(
    "kept",
    [
        {"refresh_tokens_kept_months": 3, "sessions_kept_months": 2},
        {"sessions_kept_months": 13, "audit_kept_months": 12},
        {"audit_kept_months": 12},
        {"sessions_kept_months": 0},
    ],
    ids=str,
)
def test_nothing_outlives_what_explains_it(kept: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Settings(**kept)  # type: ignore[arg-type]  # pydantic reads them


@pytest.mark.parametrize(("text", "later"), [("2026-01", "2027-03"), ("2026-12", "2028-02")])
def test_a_month_is_kept_for_so_many_months_after_its_own(text: str, later: str) -> None:
    assert str(Month.read(text).later(1 + 13)) == later


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "26-01", "2026-01-01", "", "²026-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month"):
        Month.read(text)


def test_a_months_ids_begin_with_its_first_moment() -> None:
    month = Month.of(datetime(2026, 11, 21, tzinfo=UTC))

    assert str(month.first_id) == "01a19467-e800-0000-0000-000000000000"
