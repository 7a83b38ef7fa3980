"""What the database must be asked about a token before its caller is known."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from impersonator_api.callers.caller import Caller
from impersonator_api.callers.store import JsonColumn
from impersonator_api.questions import Part
from impersonator_api.work import Work

Answer = Any
"""What a driver reads a JSON document as."""


class CallerQuestion(Struct, frozen=True):
    """A part of any statement, and how its answer becomes the caller.

    `part` is `None` where a token needs no look-up. `settle` raises what `load_caller` raises: a caller is
    proved only once it was called, whatever else came with the same statement.
    """

    part: Part[JsonColumn] | None
    settle: Callable[[Work, Answer], Awaitable[Caller]]
