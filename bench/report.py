"""Figures as tables for people and as JSON for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bench.limits import Limits
from bench.machine import Placement, description
from bench.plan import Plan
from bench.rounds import Figures

LIMITS = {
    "es256_signatures": "ES256 signatures",
    "es256_verifications": "ES256 verifications",
    "rs256_signatures": "RS256 signatures (2048 bits)",
    "rs256_verifications": "RS256 verifications (2048 bits)",
    "reads": "one row read by its key",
    "commits": "one row inserted and committed, durably",
    "http": "HTTP exchanges of a bare ASGI server",
}
HEADS = ("operation", "requests/s", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs", "client µs", "limit/s", "of it")


@dataclass(frozen=True, slots=True)
class Report:
    """One run."""

    plan: Plan
    placement: Placement
    limits: Limits
    figures: Sequence[Figures]

    def as_text(self) -> str:
        """Two Markdown tables, ready for docs/performance.md."""
        machine = ", ".join(f"{name} {value}" for name, value in description().items())
        plan = self.plan
        how = f"{plan.connections} connections, medians of {plan.rounds} rounds of {plan.seconds:g} s; {self.placement}"
        limits = [(words, _whole(getattr(self.limits, name))) for name, words in LIMITS.items()]
        rows = [self._row(each) for each in self.figures]
        return "\n\n".join([machine, how, _table(("limit", "per second"), limits), _table(HEADS, rows)])

    def as_json(self) -> str:
        """Everything, with each round's own figures; times in seconds."""
        whole: dict[str, Any] = {
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": description(),
            "pinned": self.placement.is_pinned,
            "plan": asdict(self.plan),
            "limits": asdict(self.limits),
            "figures": [self._record(each) for each in self.figures],
        }
        return json.dumps(whole, indent=2)

    def _row(self, figures: Figures) -> tuple[str, ...]:
        found, ceiling = figures.median(), self.limits.ceiling(figures.operation.needs)
        return (
            figures.operation.name,
            _whole(found.rate),
            f"{found.p50 * 1000:.1f}",
            f"{found.p99 * 1000:.1f}",
            *(_microseconds(found.cpu.get(name)) for name in ("server", "postgres", "client")),
            _whole(ceiling),
            f"{found.rate / ceiling:.0%}",
        )

    def _record(self, figures: Figures) -> dict[str, Any]:
        return {
            "subject": figures.subject.name,
            "operation": figures.operation.name,
            "needs": asdict(figures.operation.needs),
            "limit": self.limits.ceiling(figures.operation.needs),
            "median": asdict(figures.median()),
            "rounds": [asdict(each) for each in figures.rounds],
        }


def _whole(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def _microseconds(seconds: float | None) -> str:
    return "" if seconds is None else _whole(seconds * 1_000_000)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(f"| {' | '.join(map(_padded, line, widths, range(len(widths))))} |" for line in lines)


def _padded(cell: str, width: int, column: int) -> str:
    # Numbers stand under each other, words begin together.
    return cell.rjust(width) if column else cell.ljust(width)
