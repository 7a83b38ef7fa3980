"""An ordinary working day at half of what the machine can do, and what it costs."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import linear_regression, quantiles
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import END, SESSIONS, TOKEN, USERINFO
from bad_days.crowd import INTROSPECT, Impersonator, Seen, start
from bad_days.serving import Serving
from bad_days.whole import TWICE
from bad_days.wire import Answer, Line
from bench.wire import Credentials, get, post_form, post_json
from impersonator_api.tokens import read_unverified

MEBIBYTE = 1024 * 1024

COUNTS = """SELECT action, count(*) AS entries FROM audit_entries
            WHERE action IN ('session.started', 'session.ended') OR (action = 'session.refreshed' AND code IS NULL)
            GROUP BY action"""


class Pace:
    """Lets so many through in a second, evenly; whoever comes late does not make up for it."""

    def __init__(self, rate: float) -> None:
        self._between = 1 / rate if rate else 0.0
        self._next = time.monotonic()

    async def turn(self) -> None:
        """Wait for the next one's turn."""
        now = time.monotonic()
        self._next = max(self._next, now - 1) + self._between
        if self._next > now:
            await asyncio.sleep(self._next - now)


@dataclass(slots=True)
class Day:
    """What was answered, and how the service was meanwhile."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Of each answer, by door."""
    seen: Seen = field(default_factory=Seen)
    wrong: list[str] = field(default_factory=list)
    """Answers that were not what they must be."""
    memory: list[tuple[float, int]] = field(default_factory=list)
    """Resident bytes, by time."""
    twice: int = 0
    """How often somebody had two active sessions."""

    @property
    def answers(self) -> int:
        return sum(map(len, self.seconds.values()))

    @property
    def growth(self) -> float:
        """Bytes a second, of the second half: what is remembered once is no leak."""
        half = self.memory[len(self.memory) // 2 :]
        return linear_regression([at for at, _ in half], [size for _, size in half]).slope

    def table(self, spent: float) -> str:
        """For whoever looks at it."""
        rows = [f"{'door':<24}{'answers':>9}{'p50 ms':>9}{'p99 ms':>9}"]
        for door, seconds in sorted(self.seconds.items()):
            cuts = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
            rows.append(f"{door:<24}{len(seconds):>9}{cuts[49] * 1000:>9.1f}{cuts[98] * 1000:>9.1f}")
        first, last = self.memory[0][1] / MEBIBYTE, self.memory[-1][1] / MEBIBYTE
        rows.append(f"{self.answers / spent:.0f} answers a second for {spent:.0f} s; wrong answers: {len(self.wrong)}")
        rows.append(f"memory {first:.1f} MiB, then {last:.1f} MiB: {self.growth * 600 / MEBIBYTE:+.2f} MiB in 10 min")
        return "\n".join(rows)


@dataclass(frozen=True)
class Office:
    """Everybody who works that day."""

    people: Sequence[Impersonator]
    customer: Impersonator
    """Who may not act as anybody."""
    service: Credentials

    async def work(self, serving: Serving, owner: AsyncEngine, *, rate: float, seconds: float) -> Day:
        """Let them work for so long, with so many requests a second; 0 is as many as there can be."""
        day, pace = Day(), Pace(rate)
        ends_at = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            group.create_task(_watched(day, serving, owner, ends_at))
            for person in self.people:
                group.create_task(Desk(self, person, day, pace, Line(serving.port)).work(ends_at))
        return day


@dataclass(frozen=True)
class Desk:
    """One person at work."""

    office: Office
    person: Impersonator
    day: Day
    pace: Pace
    line: Line

    async def work(self, ends_at: float) -> None:
        while time.monotonic() < ends_at:
            await self._case()
        self.line.close()

    async def _case(self) -> None:
        """Help somebody: begin, look around, refresh, end; and now and then somebody asks who may not."""
        own, day = Credentials.bearer(self.person.token), self.day
        started = await self._ask("start", start(self.person, own))
        day.seen.started.append(started["session_id"])
        token = started["access_token"]
        for _ in range(3):
            await self._look(token)
        form = {"grant_type": "refresh_token", "refresh_token": started["refresh_token"]}
        form |= {"client_id": started["session"]["client_id"]}
        refreshed = await self._ask("refresh", post_form(TOKEN, form))
        day.seen.refreshed.append(str(read_unverified(refreshed["refresh_token"]).claims["jti"]))
        await self._look(refreshed["access_token"])
        await self._ask("list", get(f"{SESSIONS}?limit=10", own))
        await self._ask("end", post_json(END, {}, own))
        day.seen.ended.append(started["session_id"])
        await self._ask("introspect, ended", self._introspection(token), active=False)
        customer = self.office.customer
        await self._ask("start, refused", start(customer, Credentials.bearer(customer.token)), status=403)
        guess = Credentials.bearer(f"{self.person.token[:-8]}AAAAAAAA")
        await self._ask("list, forged token", get(SESSIONS, guess), status=401)

    async def _look(self, token: str) -> None:
        await self._ask("introspect", self._introspection(token), active=True)
        await self._ask("userinfo", get(USERINFO, Credentials.bearer(token)))

    def _introspection(self, token: str) -> bytes:
        return post_form(INTROSPECT, {"token": token}, self.office.service)

    async def _ask(self, door: str, request: bytes, *, status: int = 200, **members: object) -> Any:
        await self.pace.turn()
        began = time.monotonic()
        answer: Answer = await self.line.ask(request)
        self.day.seconds[door].append(time.monotonic() - began)
        said = answer.json()
        if answer.status != status or any(said[name] != value for name, value in members.items()):
            self.day.wrong.append(f"{door}: {answer.status} {answer.body[:300]!r}")
        return said


async def _watched(day: Day, serving: Serving, owner: AsyncEngine, ends_at: float) -> None:
    """Look every second how large the service is, and whether somebody has two active sessions."""
    async with owner.execution_options(isolation_level="AUTOCOMMIT").connect() as db:
        while time.monotonic() < ends_at:
            day.memory.append((time.monotonic(), serving.memory))
            day.twice += len((await db.execute(text(TWICE))).all())
            await asyncio.sleep(1)


async def entries_of(owner: AsyncEngine) -> dict[str, int]:
    """How often the audit says that something was done."""
    async with owner.connect() as db:
        return {str(row.action): int(row.entries) for row in await db.execute(text(COUNTS))}
