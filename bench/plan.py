"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class History:
    """What happened before anything is measured."""

    sessions: int
    audit_entries: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How often, how long, with how many."""

    rounds: int
    seconds: float
    """For each operation in each round."""
    warm_up_seconds: float
    """In a round before them that nobody counts, in which statements get compiled and caches filled; 0: none."""
    connections: int
    people: int
    """Administrators who start and end: no more starts are measured in one go; after two all were here before."""
    history: History
    small: History
    """What the large one is compared with."""
    peer_sessions: int

    @property
    def limit_seconds(self) -> float:
        """For each limit in each round; they vary less."""
        return self.seconds / 2


WHOLE = Plan(
    rounds=5,
    seconds=1.5,
    warm_up_seconds=2,
    connections=16,
    people=1500,
    history=History(sessions=1_000_000, audit_entries=10_000_000),
    small=History(sessions=1000, audit_entries=10_000),
    peer_sessions=100_000,
)
SMOKE = Plan(
    rounds=1,
    seconds=0.2,
    warm_up_seconds=0,
    connections=4,
    people=40,
    history=History(sessions=200, audit_entries=2000),
    small=History(sessions=20, audit_entries=200),
    peer_sessions=1000,
)
"""Whether it runs, not how fast."""
