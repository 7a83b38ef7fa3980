"""People who start, refresh, look and end without a pause, and remember every answer."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from attacks.doors import END, START, TOKEN, USERINFO
from bad_days.wire import Answer, ConnectionLostError, Line
from bench.wire import Credentials, get, post_form, post_json
from impersonator_api.tokens import read_unverified

INTROSPECT = "/oauth2/v1/introspect"
BREATH = 0.02
"""Seconds, after an answer that was none."""


@dataclass(frozen=True, slots=True)
class Impersonator:
    """Somebody who acts as somebody else, with a token of his own."""

    token: str
    target_id: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that was not done, and what came back, if anything."""

    door: str
    at: float
    """When that was known, by the monotonic clock."""
    seconds: float
    """How long it had taken."""
    answer: Answer | None


@dataclass(slots=True)
class Seen:
    """Everything that the crowd was told."""

    started: list[str] = field(default_factory=list)
    """Ids of sessions."""
    refreshed: list[str] = field(default_factory=list)
    """Ids of the refresh tokens that were handed out for another one."""
    ended: list[str] = field(default_factory=list)
    answered_at: dict[Impersonator, float] = field(default_factory=dict)
    unanswered: list[Unanswered] = field(default_factory=list)

    @property
    def refused(self) -> list[Unanswered]:
        return [each for each in self.unanswered if each.answer is not None]

    @property
    def lost(self) -> list[Unanswered]:
        """Connections that broke."""
        return [each for each in self.unanswered if each.answer is None]

    @property
    def kinds(self) -> Counter[str]:
        """How often what came instead of an answer."""
        return Counter(_kind(each) for each in self.unanswered)

    @property
    def words(self) -> str:
        """What was seen, for people."""
        kinds = ", ".join(f"{count} x {kind}" for kind, count in sorted(self.kinds.items()))
        slowest = max((each.seconds for each in self.unanswered), default=0.0)
        return f"{len(self.started)} starts answered; {kinds or 'nothing unanswered'}, at most after {slowest:.2f} s"


class NotDoneError(Exception):
    """The round cannot go on."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody at once, each on a connection of his own, one request at a time."""

    port: int
    people: Sequence[Impersonator]
    service: Credentials
    """Who introspects."""
    seen: Seen = field(default_factory=Seen)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Seen]:
        """Let them work meanwhile; afterwards everybody finishes what he has begun."""
        async with asyncio.TaskGroup() as group:
            for person in self.people:
                group.create_task(self._days_of(person))
            try:
                yield self.seen
            finally:
                self.stop.set()

    async def all_answered_since(self, moment: float, *, seconds: float) -> None:
        """Wait until everybody was answered after that moment of the monotonic clock."""
        give_up_at = time.monotonic() + seconds
        while waiting := [person for person in self.people if self.seen.answered_at.get(person, 0) <= moment]:
            assert time.monotonic() < give_up_at, f"{len(waiting)} were not answered in {seconds} s, {self.seen.kinds}"
            await asyncio.sleep(0.01)

    async def _days_of(self, person: Impersonator) -> None:
        line = Line(self.port)
        while not self.stop.is_set():
            try:
                await self._day(line, person)
            except NotDoneError:
                await asyncio.sleep(BREATH)
        line.close()

    async def _day(self, line: Line, person: Impersonator) -> None:
        own = Credentials.bearer(person.token)
        for _ in range(2):
            started = await self._start(line, person, own)
            token = await self._refresh(line, person, started)
            await self._done(line, person, "userinfo", get(USERINFO, Credentials.bearer(token)))
            live = await self._done(line, person, "introspect", post_form(INTROSPECT, {"token": token}, self.service))
            assert live["active"], live
        ended = await self._done(line, person, "end", post_json(END, {}, own))
        self.seen.ended.append(ended["session_id"])

    async def _start(self, line: Line, person: Impersonator, own: Credentials) -> Any:
        started = await self._done(line, person, "start", start(person, own))
        self.seen.started.append(started["session_id"])
        return started

    async def _refresh(self, line: Line, person: Impersonator, started: Any) -> str:
        form = {"grant_type": "refresh_token", "refresh_token": started["refresh_token"]}
        form |= {"client_id": started["session"]["client_id"]}
        refreshed = await self._done(line, person, "refresh", post_form(TOKEN, form))
        self.seen.refreshed.append(str(read_unverified(refreshed["refresh_token"]).claims["jti"]))
        return str(refreshed["access_token"])

    async def _done(self, line: Line, person: Impersonator, door: str, request: bytes) -> Any:
        """Ask; raises `NotDoneError` where the answer is not 200."""
        asked_at, answer = time.monotonic(), None
        with suppress(ConnectionLostError):
            answer = await line.ask(request)
        now = time.monotonic()
        if answer is None or answer.status != 200:
            self.seen.unanswered.append(Unanswered(door, now, now - asked_at, answer))
            raise NotDoneError
        self.seen.answered_at[person] = now
        return answer.json()


def start(person: Impersonator, own: Credentials) -> bytes:
    """Ask to act as the person's target."""
    return post_json(START, {"target_user_id": person.target_id, "reason": "Locked out since Monday"}, own)


def refused_honestly(seen: Seen) -> None:
    """Nobody was hung up on, and each no is as promised: 503, when to come back, in the words of the door."""
    assert not [each for each in seen.refused if not _is_honest(each)]
    assert not seen.lost


def _kind(each: Unanswered) -> str:
    if each.answer is None:
        return "connection lost"
    said = each.answer.json()
    return f"{each.answer.status} {said.get('code') or said.get('error')}"


def _is_honest(each: Unanswered) -> bool:
    answer = each.answer
    assert answer is not None
    if answer.status != 503 or not answer.headers.get("retry-after", "").isdigit():
        return False
    said = answer.json()
    if each.door in {"refresh", "introspect"}:
        return answer.headers["content-type"] == "application/json" and said["error"] == "temporarily_unavailable"
    is_problem = answer.headers["content-type"] == "application/problem+json"
    return is_problem and said["code"] == "database-unavailable" and bool(said["detail"])
