"""What is measured: operations of a subject, each with what it cannot do without."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
    expected: Expected
    needs: Needs = Needs()
    connections: int | None = None
    """Where it is not measured with as many as the others."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A past that was made, and what it took."""

    sessions: int
    audit_entries: int
    seconds: float
    bytes: int
    """Of the whole database on disk."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A running server with its operations: ours or a peer's."""

    name: str
    served: Served
    operations: Sequence[Operation]
    past: Filled | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of whatever it is made of, where that is not ours."""
