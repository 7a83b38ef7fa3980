"""How much is measured."""

from dataclasses import dataclass


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
    """Administrators who start and end: no more starts are measured in one go."""
    history: int
    """Sessions of the past."""

    @property
    def limit_seconds(self) -> float:
        """For each limit in each round; they vary less."""
        return self.seconds / 2


WHOLE = Plan(rounds=5, seconds=2, warm_up_seconds=0.5, connections=16, people=4000, history=20_000)
SMOKE = Plan(rounds=1, seconds=0.2, warm_up_seconds=0, connections=4, people=40, history=200)
"""Whether it runs, not how fast."""
