"""One of the pool's connections, spoken to through its driver.

SQLAlchemy builds statements and keeps the pool; sending one through its own execution takes the service longer than all
that PostgreSQL has to do for it (ADR 0022).
"""

from asyncio import CancelledError
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ManagesConnection
from sqlalchemy.sql import ClauseElement

from impersonator_api.pool import HonestPool
from impersonator_api.prepared import Prepared, Row, prepared
from impersonator_api.questions import Part

if TYPE_CHECKING:
    from asyncpg import Connection as DriverConnection


class Rows(tuple[Row, ...]):
    """An answer: rows by their columns' names."""

    __slots__ = ()

    def one(self) -> Row:
        """The only row; raises `ValueError` where there is another number of them."""
        (row,) = self
        return row

    def one_or_none(self) -> Row | None:
        """The only row, if there is one."""
        return self.one() if self else None

    def scalar_one(self) -> Any:  # noqa: ANN401  a column may be of any type
        """The first column of the only row."""
        return next(iter(self.one().values()))

    def scalar_one_or_none(self) -> Any:  # noqa: ANN401  likewise
        """The first column of the only row, or `None` where there is none."""
        return self.scalar_one() if self else None

    def scalars(self) -> Iterator[Any]:
        """The first column of each row."""
        return (next(iter(row.values())) for row in self)


class Connection:
    """Asks, and begins and ends transactions; without one each statement is its own."""

    waiting: ClassVar[int] = 0
    """How many wait for one of the pool's at present; all of a process share the pool."""

    def __init__(self, taken: ManagesConnection, engine: AsyncEngine) -> None:
        self._engine = engine
        self._hold(taken)

    @classmethod
    async def of(cls, engine: AsyncEngine) -> "Connection":
        """One of the pool's; those that have died since they were used last are replaced.

        Raises `OSError` where PostgreSQL cannot be reached or does not let us in, and the pool's `TimeoutError`.
        """
        return cls(await cls._next(engine), engine)

    @classmethod
    async def _next(cls, engine: AsyncEngine) -> ManagesConnection:
        while True:
            pool = _pool_of(engine)
            taken = pool.take_idle() or await cls._waited_for(engine)
            if not _driver_of(taken).is_closed():
                return taken
            pool.put_back(taken, is_dead=True)

    @classmethod
    async def _waited_for(cls, engine: AsyncEngine) -> ManagesConnection:
        cls.waiting += 1
        try:
            return await engine.raw_connection()
        except engine.dialect.loaded_dbapi.Error as error:
            raise ConnectionError("PostgreSQL lets nobody in.") from error
        finally:
            cls.waiting -= 1

    def _hold(self, taken: ManagesConnection) -> None:
        self._taken = taken
        # Its own one: an engine that was disposed of meanwhile has another.
        self._pool = _pool_of(self._engine)
        self._driver = _driver_of(taken)
        self._is_lent = False

    async def ask(self, question: ClauseElement | Part[Any]) -> Rows:
        """Send a statement and read its whole answer; raises what the driver raises."""
        statement, values = self._prepared(question)
        records = await self._driver.fetch(statement.sql, *statement.arguments(values))
        return Rows(statement.rows(records))

    def _prepared(self, question: ClauseElement | Part[Any]) -> tuple[Prepared, tuple[Any, ...]]:
        if not isinstance(question, Part):
            return prepared(question, self._engine.dialect), ()
        built = question.built
        if built.prepared is None:
            built.prepared = prepared(built.make(), self._engine.dialect, given=built.names)
        return built.prepared, question.values

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction, or a savepoint within one: committed at the end, taken back where something is raised."""
        # Whoever died in it has taken it back already, and what was raised says more than that nobody answers.
        begun = self._driver.transaction()
        with self._seen_through():
            await begun.start()
        try:
            yield
        except BaseException:
            if not self._driver.is_closed():
                with self._seen_through():
                    await begun.rollback()
            raise
        with self._seen_through():
            await begun.commit()

    @contextmanager
    def _seen_through(self) -> Iterator[None]:
        """Leave where nobody waits to hear whether a transaction is open: the next one's writes would end up in it."""
        try:
            yield
        except (CancelledError, TimeoutError):
            self.leave()
            raise

    def lend(self) -> bool:
        """Let others have it while nothing is asked here; `False` within a transaction, which has to keep it."""
        if self._driver.is_in_transaction():
            return False
        self.close()
        self._is_lent = True
        return True

    async def take_back(self) -> None:
        """Go on with one of the pool's, usually another one; raises what `of` raises."""
        self._hold(await self._next(self._engine))

    def leave(self) -> None:
        """Never use it again: it leads to where this service should not be any more."""
        self._driver.terminate()

    def close(self) -> None:
        """Give it back to the pool, which makes another one where it is dead."""
        if not self._is_lent:
            self._pool.put_back(self._taken, is_dead=self._driver.is_closed())


def _pool_of(engine: AsyncEngine) -> HonestPool:
    return cast("HonestPool", engine.sync_engine.pool)


def _driver_of(taken: ManagesConnection) -> "DriverConnection":
    return cast("DriverConnection", taken.driver_connection)
