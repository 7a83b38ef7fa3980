"""Whether a ticket number has the form that a rule asks for, in time that grows with its length only."""

from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import SchemaError, SchemaValidator, core_schema

LONGEST_TICKET = 200
LONGEST_PATTERN = 200


def is_ticket(value: str, *, pattern: str) -> bool:
    """Whether the whole value, not a part of it, has the form."""
    return _compiled(_whole(pattern)).isinstance_python(value)


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\z"


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> SchemaValidator:
    # Threat: a pattern such as (a+)+ keeps Python's backtracking engine busy for years. Rust's never backtracks.
    return SchemaValidator(
        core_schema.str_schema(pattern=pattern, regex_engine="rust-regex", max_length=LONGEST_TICKET)
    )


def _must_compile(pattern: str) -> str:
    try:
        # By itself first: `a)|(?:b` would only be valid within our parentheses, and escape from them.
        _compiled(pattern)
        _compiled(_whole(pattern))
    except SchemaError as error:
        message = "must be a regular expression without look-around and back-references, not too large when compiled"
        raise ValueError(message) from error
    return pattern


TicketPattern = Annotated[
    str, Field(strict=True, min_length=1, max_length=LONGEST_PATTERN), AfterValidator(_must_compile)
]
"""A regular expression for tickets, known to compile."""
