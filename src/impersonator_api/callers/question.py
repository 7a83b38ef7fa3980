"""What the database must be asked about a token before its caller is known."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct, json

from impersonator_api.callers.acquaintances import Acquaintance
from impersonator_api.callers.caller import Caller
from impersonator_api.callers.store import TextColumn
from impersonator_api.questions import Part
from impersonator_api.work import Work

Answer = Any
"""What was asked about a token, a document."""


class CallerQuestion(Struct, frozen=True):
    """A part of any statement, and how its answer becomes the caller. `part` is `None` where nothing need be asked.

    Where somebody is `known`, the answer only tells whether anything has changed since.
    """

    part: Part[TextColumn] | None
    settle: Callable[[Work, Answer], Awaitable[Caller]]
    known: Acquaintance[Any, Any] | None = None

    async def answered(self, work: Work, text: str | None) -> Caller:
        """The caller by what came back for `part`, the text of a document.

        Raises what `load_caller` raises: a caller is proved only now, whatever else came with the same statement.
        """
        # Text, as each row of a list has it, and it is read once.
        return await self.settle(work, None if text is None else json.decode(text))
