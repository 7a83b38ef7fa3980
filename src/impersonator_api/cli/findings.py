"""What the doctor says of each thing looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at, how it is, and what to do about it."""

    check: str
    verdict: Verdict
    detail: str
    remedy: str | None = None


def fine(check: str, detail: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Verdict.OK, detail)


def worth_a_look(check: str, detail: str, remedy: str) -> Finding:
    """It works, and could be better."""
    return Finding(check, Verdict.WARNING, detail, remedy)


def wrong(check: str, detail: str, remedy: str) -> Finding:
    """It does not work, or not safely."""
    return Finding(check, Verdict.WRONG, detail, remedy)
