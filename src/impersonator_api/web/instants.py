"""Instants as they come in: RFC 3339, as the document says, and never a number of seconds."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _written_out(value: object) -> object:
    # pydantic would take "0" for the beginning of 1970, which is hardly what was meant.
    if not isinstance(value, str):
        return value
    try:
        # Read here: behind a validator of ours a strict model takes no text for an instant any more.
        return datetime.fromisoformat(value.upper() if RFC_3339.fullmatch(value) else "")
    except ValueError as error:
        raise ValueError("write an instant such as 2026-11-21T10:00:00Z") from error


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""An instant in a body or a query."""
