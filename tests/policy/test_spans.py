from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from impersonator_api.policy import InvalidPolicyError
from impersonator_api.policy.document import Duration
from impersonator_api.policy.spans import parse_span, write_span
from policy.asks import document, written


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("1h", 3600), ("90s", 90), ("2h30m", 9000), ("1h1m1s", 3661), ("24h", 86400)]
)
def test_durations_are_written_in_hours_minutes_and_seconds(text: str, seconds: int) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "wrong", ["", "30", "m", "1.5h", "-1h", "1h ", "30m1h", "1d", "0s", "24h1s", "9999999h", "٣m", 30, None, True]
)
def test_anything_else_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_span(wrong)


@given(st.integers(min_value=1, max_value=86400).map(lambda seconds: timedelta(seconds=seconds)))
def test_what_is_written_is_read_as_the_same(span: timedelta) -> None:
    assert parse_span(write_span(span)) == span


def test_without_a_default_the_usual_half_hour_holds_within_the_maximum() -> None:
    assert Duration.model_validate({"max": "2h"}).default == timedelta(minutes=30)
    assert Duration.model_validate({"max": "10m"}).default == timedelta(minutes=10)


def test_without_a_maximum_it_is_an_hour() -> None:
    assert Duration.model_validate({"default": "50m"}).max == timedelta(hours=1)


def test_a_default_beyond_the_maximum_is_refused() -> None:
    with pytest.raises(ValidationError, match="default must not be longer than max"):
        Duration.model_validate({"default": "61m"})


def test_a_wrong_maximum_is_the_only_fault_told() -> None:
    with pytest.raises(InvalidPolicyError) as refused:
        document(written(duration={"max": "soon"}))

    assert refused.value.members["errors"] == [
        {"path": "rules[0].duration.max", "message": "write a duration such as 90s, 30m or 2h30m"}
    ]
