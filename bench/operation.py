"""What is measured: operations of a subject, each with what it cannot do without."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.conversation import Conversation
from bench.load import Served
from bench.talk import Expected


@dataclass(frozen=True, slots=True)
class Needs:
    """What one request takes whoever serves it: signatures and verifications (ES256), rows read, commits."""

    signatures: int = 0
    verifications: int = 0
    reads: int = 0
    commits: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """One door. `prepare` makes that many conversations, and may ask the server for what they begin with."""

    name: str
    prepare: Callable[[int], Awaitable[Sequence[Conversation]]]
    needs: Needs
    expected: Expected


@dataclass(frozen=True, slots=True)
class Subject:
    """A running server with its operations: ours, and later its peers."""

    name: str
    served: Served
    operations: Sequence[Operation]
