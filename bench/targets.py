"""What is to be reached: so many times a peer's rate, or no more than so much; said as it is, and never asserted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bench.impersonator import operations as ours
from bench.load import Measurement
from bench.peers import better_auth, django_hijack, oidc_provider

Name = tuple[str, str]
"""Of a subject, and of one of its operations."""

MEGABYTE = 1_000_000


class Reached(StrEnum):
    """How far it is."""

    AIM = "aim"
    AT_LEAST = "at least"
    NO = "no"
    NOT_ASKED = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row: words for people, and the number that was compared."""

    operation: str
    ours: str
    peer: str
    theirs: str
    value: float
    """A ratio, or what it is measured in."""
    at_least: str
    aim: str
    reached: Reached


@dataclass(frozen=True, slots=True)
class Rivalry:
    """An operation of ours and a peer's that does the same for whoever asks; `by_latency` compares medians of one."""

    operation: str
    ours: Name
    theirs: Name
    at_least: float | None = None
    aim: float | None = None
    by_latency: bool = False

    def verdict(self, found: Mapping[Name, Measurement]) -> Verdict:
        """How many times as fast ours is."""
        our, their = found[self.ours], found[self.theirs]
        ratio = their.p50 / our.p50 if self.by_latency else our.rate / their.rate
        return Verdict(
            operation=self.operation,
            ours=self._shown(our),
            peer=", ".join(self.theirs),
            theirs=self._shown(their),
            value=ratio,
            at_least=_times(self.at_least),
            aim=_times(self.aim),
            reached=_reached(ratio, self.at_least, self.aim),
        )

    def _shown(self, measurement: Measurement) -> str:
        if self.by_latency:
            return f"{measurement.p50 * 1000:.2f} ms"
        return f"{measurement.rate:,.0f}/s".replace(",", " ")


RIVALRIES = (
    Rivalry("start", (ours.NAME, ours.START), (better_auth.NAME, better_auth.IMPERSONATE), 7, 10),
    Rivalry("end", (ours.NAME, ours.END), (better_auth.NAME, better_auth.STOP), 7, 10),
    Rivalry("list, page of 50", (ours.NAME, ours.LIST), (better_auth.NAME, better_auth.LIST), 4, 8),
    Rivalry("refresh, rotate", (ours.NAME, ours.ROTATE), (oidc_provider.NAME, oidc_provider.REFRESH), 1.5, 2.2),
    Rivalry(
        "introspect", (ours.NAME, ours.INTROSPECT_ACCESS), (oidc_provider.NAME, oidc_provider.INTROSPECT), 1.2, 1.5
    ),
    Rivalry(
        "client credentials",
        (ours.NAME, ours.CLIENT_CREDENTIALS),
        (oidc_provider.NAME, oidc_provider.CLIENT_CREDENTIALS),
        1.1,
        1.4,
    ),
    Rivalry(
        "start, one connection, p50",
        (ours.NAME, ours.START_ALONE),
        (better_auth.NAME, better_auth.IMPERSONATE_ALONE),
        3,
        4,
        by_latency=True,
    ),
    *(
        Rivalry(f"{operation}, grown", (ours.NAME, operation), (ours.SMALL, operation), 0.85, 0.95)
        for operation in ours.MEASURED_SMALL
    ),
    Rivalry("start", (ours.NAME, ours.START), (django_hijack.NAME, django_hijack.ACQUIRE)),
    Rivalry("end", (ours.NAME, ours.END), (django_hijack.NAME, django_hijack.RELEASE)),
)
P99_OF_START, PEAK_MEMORY = 10.0, (110.0, 90.0)
"""Milliseconds; megabytes, at most and aimed at."""


def verdicts(found: Mapping[Name, Measurement], peak_memory: Mapping[str, int | None]) -> Iterator[Verdict]:
    """About whatever was measured in this run."""
    yield from (each.verdict(found) for each in RIVALRIES if {each.ours, each.theirs} <= found.keys())
    if (start := found.get((ours.NAME, ours.START))) is not None:
        yield _at_most("start, p99", start.p99 * 1000, "ms", None, P99_OF_START)
    if (peak := peak_memory.get(ours.NAME)) is not None:
        yield _at_most("peak memory of a worker", peak / MEGABYTE, "MB", *PEAK_MEMORY)


def _at_most(operation: str, value: float, unit: str, most: float | None, aim: float) -> Verdict:
    return Verdict(
        operation=operation,
        ours=f"{value:.1f} {unit}",
        peer="",
        theirs="",
        value=value,
        at_least="" if most is None else f"≤ {most:g} {unit}",
        aim=f"≤ {aim:g} {unit}",
        reached=_reached(-value, None if most is None else -most, -aim),
    )


def _reached(value: float, at_least: float | None, aim: float | None) -> Reached:
    if aim is None:
        return Reached.NOT_ASKED
    if value >= aim:
        return Reached.AIM
    return Reached.AT_LEAST if at_least is not None and value >= at_least else Reached.NO


def _times(number: float | None) -> str:
    return "" if number is None else f"{number:g}×"  # noqa: RUF001  a sign, not a letter
