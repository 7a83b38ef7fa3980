"""One transaction, one moment, one origin: where stories read, queue what they write, and are committed.

A story is `async def story(work, ...)`. It reads, decides, and queues writes; the desk that runs it sends
them as one statement, which is the transaction, before anything is answered. A story that lost a race is
run again on fresh rows; a story that raises leaves nothing behind but the record its error carries, and what
it said it would keep in any case.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import getrandbits
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriverUUID  # noqa: N811  the name says whose it is
from msgspec import Struct
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql import ClauseElement
from uuid_utils import uuid7

from impersonator_api.connection import Connection, Rows
from impersonator_api.database import ContendedError, DatabaseAwayError, LostRaceError, faults_told
from impersonator_api.errors import ConcurrentChangeError, ServiceError
from impersonator_api.questions import Part
from impersonator_api.settings import Settings
from impersonator_api.statement import Write, as_one_statement, met_by

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

P = ParamSpec("P")
T = TypeVar("T")

RUNS = 3
"""How often a story may be decided: once, and twice more after lost races."""


def utc_now() -> datetime:
    """The wall clock; only the entrances pass it on, everything else reads `work.now`."""
    return datetime.now(UTC)


class Origin(Struct, frozen=True):
    """Where a request came from, as sessions and the audit remember it."""

    request_id: str
    trace_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None


class Services(Struct, frozen=True):
    """The few long-lived things stories need (key ring, issuers' keys), found by their type."""

    by_type: Mapping[type, object]

    def get(self, kind: type[T]) -> T:
        """The service of that type; a missing one is a mistake in `app.py`."""
        return cast("T", self.by_type[kind])


class Work(Struct):
    """What a story works with. Reads go out at once; writes wait for the desk."""

    db: Connection
    now: datetime
    origin: Origin
    settings: Settings
    services: Services
    run: int = 0  # above 0 an earlier run lost its race, so what came along from outside is stale
    _queue: list[Write] = []
    _kept: list[Write] = []
    _told: list[Callable[[], None]] = []
    _last_id: int | None = None

    def get(self, kind: type[T]) -> T:
        """A long-lived service by its type."""
        return self.services.get(kind)

    def new_id(self) -> UUID:
        """A UUIDv7 of this work's moment, so ids sort and partition by time; those of one work in their order."""
        if self._last_id is None:
            self._last_id = uuid7(nanoseconds=(self.now - EPOCH) // MICROSECOND * 1000).int
        else:
            # RFC 9562 §6.2, method 2: the next one is larger, and nobody can tell by how much.
            self._last_id += 1 + getrandbits(32)
        # Of the driver's own kind, which is made, sent and printed in a tenth of the time.
        made: UUID = DriverUUID(self._last_id.to_bytes(16, "big"))
        return made

    def write(self, *writes: Write) -> None:
        """Queue writes; they are sent together, as one statement, when the story is over."""
        self._queue.extend(writes)

    def keep(self, *writes: Write) -> None:
        """Queue writes that are sent though the story be refused: what was used up by asking stays used up."""
        self._kept.extend(writes)
        self.write(*writes)

    async def read(self, question: ClauseElement | Part[Select[Any]]) -> Rows:
        """Ask the database now; faults come out as `DatabaseAwayError`, never as a driver's exception."""
        with faults_told(self.db):
            return await self.db.ask(question)

    async def send(self) -> None:
        """Send what is queued, all or nothing. Stories of several statements call it between them."""
        writes, self._queue = self._queue, []
        if writes:
            self._told += met_by(writes, (await self.read(as_one_statement(writes))).one())

    @asynccontextmanager
    async def taken_back(self) -> AsyncIterator[None]:
        """What is sent in here happens, and then has not happened; within a transaction only."""
        told = len(self._told)
        with faults_told(self.db), suppress(_TakenBackError):
            async with self.db.transaction():
                yield
                raise _TakenBackError
        del self._told[told:]

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[None]:
        """Wait for something that is not the database, and let others have its connection meanwhile."""
        is_lent = self.db.lend()
        try:
            yield
        finally:
            if is_lent:
                with faults_told():
                    await self.db.take_back()

    def tell(self) -> None:
        """Tell whoever wants to know of what was sent; it is committed."""
        for each in self._told:
            each()
        self._told.clear()

    def forget(self) -> None:
        """Tell nobody of what was sent; it was taken back."""
        self._told.clear()

    def discard(self) -> None:
        """Forget what is queued, except what is to be kept in any case."""
        self._queue = [*self._kept]


class _TakenBackError(Exception):
    """Ends a savepoint that nothing may be left of."""


Story = Callable[Concatenate[Work, P], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Desk:
    """Runs stories for one request (or one round of a worker) and commits them."""

    engine: AsyncEngine
    settings: Settings
    services: Services
    clock: Callable[[], datetime]
    origin: Origin

    async def run(self, story: Story[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a story that reads, then writes once: its one writing statement is its transaction.

        Runs it again after a lost race, at most twice, then raises `ConcurrentChangeError` (409); after a
        deadlock once, then `DatabaseAwayError` (503).
        """
        return await self._again_if_lost(self._once_by_statement, lambda work: story(work, *args, **kwargs))

    async def run_in_transaction(self, story: Story[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a story of several statements between BEGIN and COMMIT, with the same second chances."""
        return await self._again_if_lost(self._once_in_transaction, lambda work: story(work, *args, **kwargs))

    async def _again_if_lost(self, once: "_Once[T]", story: "_Bound[T]") -> T:
        contended = False
        for run in range(RUNS):
            try:
                return await once(story, run)
            except LostRaceError:
                continue
            except ContendedError as error:
                if contended:
                    raise DatabaseAwayError("The database is too busy; try again.") from error
                contended = True
        raise ConcurrentChangeError("Others changed the same thing at the same time; try again.")

    async def _once_by_statement(self, story: "_Bound[T]", run: int) -> T:
        with closing(await self._connection()) as db:
            work = self._work(db, run)
            try:
                answer = await story(work)
                await work.send()
            except ServiceError as error:
                await _remember(work, error)
                raise
            finally:
                # Each statement was its own transaction, so what was sent is committed whatever came after it.
                work.tell()
            return answer

    async def _once_in_transaction(self, story: "_Bound[T]", run: int) -> T:
        with closing(await self._connection()) as db:
            work = self._work(db, run)
            try:
                with faults_told(db):
                    async with db.transaction():
                        answer = await story(work)
                        await work.send()
            except ServiceError as error:
                work.forget()
                await _remember(work, error)
                work.tell()
                raise
            work.tell()
            return answer

    async def _connection(self) -> Connection:
        with faults_told():
            return await Connection.of(self.engine)

    def _work(self, db: Connection, run: int) -> Work:
        return Work(
            db=db, now=self.clock(), origin=self.origin, settings=self.settings, services=self.services, run=run
        )


_Bound = Callable[[Work], Awaitable[T]]
_Once = Callable[[_Bound[T], int], Awaitable[T]]


async def _remember(work: Work, error: ServiceError) -> None:
    """Write the record of a "no" and what is kept in any case; where that fails the caller is told 503 instead."""
    work.discard()
    work.write(*error.record)
    await work.send()
