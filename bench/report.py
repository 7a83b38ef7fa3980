"""Figures as tables for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Any

from bench.limits import Limits
from bench.machine import Placement
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
BEGIN, END = "<!-- figures of `make bench` -->", "<!-- end of figures -->"
WIDTH = 120
HEADS = ("operation", "requests/s", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs", "client µs", "limit/s", "of it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run."""

    plan: Plan
    machine: Mapping[str, str]
    placement: Placement
    limits: Limits
    figures: Sequence[Figures]
    taken_at: datetime = field(default_factory=partial(datetime.now, UTC))

    def as_text(self) -> str:
        """Two Markdown tables, ready for docs/performance.md."""
        limits = [(words, _whole(getattr(self.limits, name))) for name, words in LIMITS.items()]
        rows = [self._row(each) for each in self.figures]
        return "\n\n".join([fill(self._how(), WIDTH), _table(("limit", "per second"), limits), _table(HEADS, rows)])

    def _how(self) -> str:
        plan, machine = self.plan, ", ".join(f"{name} {value}" for name, value in self.machine.items())
        return (
            f"{self.taken_at:%Y-%m-%d}, {machine}. {plan.connections} keep-alive connections, medians of {plan.rounds} "
            f"rounds of {plan.seconds:g} s, {plan.history} past sessions; {self.placement}."
        )

    def as_json(self) -> str:
        """Everything, with each round's own figures; times in seconds."""
        whole: dict[str, Any] = {
            "taken_at": self.taken_at.isoformat(timespec="seconds"),
            "machine": self.machine,
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


def put_into(page: Path, text: str) -> None:
    """Replace what stands between the page's marks; raises `ValueError` where there are none."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for figures: {BEGIN} and {END}.")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


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
