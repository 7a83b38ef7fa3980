"""Durations the way people write them in a policy document: `90s`, `30m`, `2h30m`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

LONGEST = timedelta(hours=24)
"""No rule lets a session live longer than a day."""

# Digits are bounded, so no number is too large for a timedelta.
WRITTEN = re.compile(r"(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})m)?(?:(?P<seconds>\d{1,6})s)?", re.ASCII)


def parse_span(value: object) -> timedelta:
    """The span behind `2h30m`; raises `ValueError` for anything else, for nothing, and for more than a day."""
    match = WRITTEN.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        raise ValueError("write a duration such as 90s, 30m or 2h30m")
    span = timedelta(**{unit: int(number) for unit, number in match.groupdict(default="0").items()})
    if not timedelta() < span <= LONGEST:
        raise ValueError(f"must be longer than nothing and at most {write_span(LONGEST)}")
    return span


def write_span(span: timedelta) -> str:
    """The shortest way to write whole seconds that `parse_span` reads as the same span."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return "".join(f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if number)


Span = Annotated[timedelta, BeforeValidator(parse_span), PlainSerializer(write_span, return_type=str)]
"""A duration in a document."""
