"""Figures as tables for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Any

from bench.impersonator.operations import NAME
from bench.limits import Limits
from bench.machine import Placement
from bench.operation import Subject
from bench.plan import Plan
from bench.rounds import Figures
from bench.tables import microseconds, table, whole
from bench.targets import MEGABYTE, Verdict, verdicts

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
TARGETS = ("operation", "peer", "ours", "peer's", "ratio", "at least", "aim", "reached")
MEASURED = ("requests/s", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs", "client µs")
OURS = ("operation", *MEASURED, "limit/s", "of it")
OTHERS = ("subject", "operation", *MEASURED)
SUBJECTS = ("subject", "peak memory, MB", "past sessions", "audit entries", "database, MB", "filled in, s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run."""

    plan: Plan
    machine: Mapping[str, str]
    placement: Placement
    limits: Limits
    figures: Sequence[Figures]
    peak_memory: Mapping[str, int | None]
    """Bytes of each subject's largest process."""
    taken_at: datetime = field(default_factory=partial(datetime.now, UTC))

    def as_text(self) -> str:
        """Markdown tables, ready for docs/performance.md."""
        limits = [(words, whole(getattr(self.limits, name))) for name, words in LIMITS.items()]
        ours = [each for each in self.figures if each.subject.name == NAME]
        others = [each for each in self.figures if each.subject.name != NAME]
        compared = [_verdict(each) for each in self.verdicts]
        tables = [
            table(TARGETS, compared, words=2) if compared else "",
            table(OURS, [(each.operation.name, *_measured(each), *self._of_limit(each)) for each in ours]),
            table(OTHERS, [(each.subject.name, each.operation.name, *_measured(each)) for each in others], words=2)
            if others
            else "",
            table(SUBJECTS, [self._subject(each) for each in self._subjects]),
            table(("limit", "per second"), limits),
        ]
        return "\n\n".join([fill(self._how(), WIDTH), *filter(None, tables)])

    @property
    def verdicts(self) -> list[Verdict]:
        """What is reached and what is not."""
        found = {(each.subject.name, each.operation.name): each.median() for each in self.figures}
        return list(verdicts(found, self.peak_memory))

    @property
    def _subjects(self) -> Sequence[Subject]:
        return list({each.subject.name: each.subject for each in self.figures}.values())

    def _how(self) -> str:
        plan, machine = self.plan, ", ".join(f"{name} {value}" for name, value in self.machine.items())
        return (
            f"{self.taken_at:%Y-%m-%d}, {machine}. {plan.connections} keep-alive connections, medians of {plan.rounds} "
            f"rounds of {plan.seconds:g} s; {self.placement}."
        )

    def as_json(self) -> str:
        """Everything, with each round's own figures; times in seconds, sizes in bytes."""
        whole_run: dict[str, Any] = {
            "taken_at": self.taken_at.isoformat(timespec="seconds"),
            "machine": self.machine,
            "pinned": self.placement.is_pinned,
            "plan": asdict(self.plan),
            "limits": asdict(self.limits),
            "targets": [asdict(each) for each in self.verdicts],
            "peak_memory": self.peak_memory,
            "pasts": {each.name: asdict(each.past) for each in self._subjects if each.past is not None},
            "figures": [self._record(each) for each in self.figures],
        }
        return json.dumps(whole_run, indent=2)

    def _of_limit(self, figures: Figures) -> tuple[str, str]:
        ceiling = self.limits.ceiling(figures.operation.needs)
        return whole(ceiling), f"{figures.median().rate / ceiling:.0%}"

    def _subject(self, subject: Subject) -> tuple[str, ...]:
        peak, past = self.peak_memory[subject.name], subject.past
        memory = "" if peak is None else whole(peak / MEGABYTE)
        if past is None:
            return (subject.name, memory, "", "", "", "")
        filled = (past.sessions, past.audit_entries, past.bytes / MEGABYTE, past.seconds)
        return (subject.name, memory, *map(whole, filled))

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


def _measured(figures: Figures) -> tuple[str, ...]:
    found = figures.median()
    cpu = [microseconds(found.cpu.get(name)) for name in ("server", "postgres", "client")]
    return (whole(found.rate), f"{found.p50 * 1000:.1f}", f"{found.p99 * 1000:.1f}", *cpu)


def _verdict(verdict: Verdict) -> tuple[str, ...]:
    ratio = f"{verdict.value:.2f}" if verdict.peer else ""
    return (
        verdict.operation,
        verdict.peer,
        verdict.ours,
        verdict.theirs,
        ratio,
        verdict.at_least,
        verdict.aim,
        verdict.reached,
    )
