"""The engine, its limits, and what a database fault means to a caller."""

from datetime import timedelta
from typing import cast

import msgspec
from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from impersonator_api.connection import Connection
from impersonator_api.errors import MalformedError, UnavailableError
from impersonator_api.metrics import PoolUse, pool_timed_out
from impersonator_api.moments import count_moments
from impersonator_api.pool import HonestPool
from impersonator_api.settings import Settings
from impersonator_api.statement import LOST_RACE

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every domain's `tables.py` adds to it; Alembic compares the database with it."""

SERVICE_ROLE = "impersonator_service"
"""What every connection of the service acts as: it may add to the audit, never change it."""

UNIQUE_VIOLATION = "23505"
SERIALIZATION_FAILURES = frozenset({"40001", "40P01"})

DATA_EXCEPTION = "22"
RIGHT_TAKEN = "42501"
LOCK_NOT_AVAILABLE = "55P03"
READ_ONLY = "25006"
"""What a standby says to a write, after a failover for example."""
TRANSACTION_CUT = "25P03"
"""A transaction of several statements stood still for too long."""

AWAY = frozenset({"08", "53", "57", "58", "XX"})
"""SQLSTATE classes: connection, resources, operator intervention (timeouts too), system, corruption."""


TOO_LATE = "The database did not answer in time; try again."
NO_ANSWER = "The database did not answer; try again."
UNSTORABLE = "The request holds a value that cannot be stored."

NOT_NOW = frozenset({LOCK_NOT_AVAILABLE, READ_ONLY, TRANSACTION_CUT, RIGHT_TAKEN})
"""Single SQLSTATEs that mean the same: ask again later."""


class LostRaceError(Exception):
    """A queued write met another number of rows than it expected: somebody else was faster. Run the story again."""


class ContendedError(Exception):
    """PostgreSQL broke a deadlock or refused to serialise; the same work may be sent once more."""


class DatabaseAwayError(UnavailableError):
    """PostgreSQL is gone, full, or too slow."""

    code = "database-unavailable"
    title = "Database unavailable"


class UnstorableValueError(MalformedError):
    """A value no column can hold; the doors refuse these, this is the net beneath them."""

    code = "unstorable-value"
    title = "Value cannot be stored"


def build_engine(url: str, settings: Settings) -> AsyncEngine:
    """An engine with a bounded pool and bounded statements, acting as the service's role."""
    engine = create_async_engine(
        url,
        # What people wrote must not end up in a log by way of an error's text.
        hide_parameters=True,
        # Addresses are texts that were looked at before; the driver would parse each twice.
        native_inet_types=False,
        json_serializer=_as_json,
        json_deserializer=msgspec.json.decode,
        poolclass=HonestPool,
        pool_size=settings.pool_size,
        max_overflow=0,
        # Whose plans and caches are still warm; the others rest.
        pool_use_lifo=True,
        pool_timeout=settings.pool_timeout.total_seconds(),
        connect_args={
            "timeout": 5,
            # Planning them anew every few minutes would only make somebody wait; what changes a table tells PostgreSQL.
            "max_cached_statement_lifetime": 0,
            # A network that swallows packets answers nothing: the client's own limit lies beyond the server's.
            "command_timeout": settings.statement_timeout.total_seconds() + 2,
            "server_settings": {
                "role": SERVICE_ROLE,
                "application_name": "impersonator",
                "timezone": "UTC",
                # Planning a statement that reads a whole decision takes longer than running it: each is planned once.
                # A plan that is kept must not read tables through because they were empty at that time (ADR 0024).
                "plan_cache_mode": "force_generic_plan",
                "enable_seqscan": "off",
                "enable_hashjoin": "off",
                "enable_mergejoin": "off",
                "jit": "off",
                "statement_timeout": milliseconds(settings.statement_timeout),
                "lock_timeout": milliseconds(settings.lock_timeout),
                "idle_in_transaction_session_timeout": "15000",
            },
        },
    )
    count_moments(engine)
    return engine


def pool_use(engine: AsyncEngine) -> PoolUse:
    """How much of the engine's pool is in use at this moment."""
    pool = cast("HonestPool", engine.pool)
    return PoolUse(size=pool.size(), checked_out=pool.checkedout(), waiting=Connection.waiting)


def _as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def milliseconds(span: timedelta) -> str:
    """A span the way PostgreSQL's settings take it."""
    return str(int(span.total_seconds() * 1000))


class faults_told:  # noqa: N801  it reads like the function that it would be, and costs less than a generator
    """Translate what the driver raises into what it means; a fault never becomes somebody's bad request.

    Raises `LostRaceError` and `ContendedError` for work that may run again, `DatabaseAwayError` for the rest. Without
    a connection it is the connecting that fails, whatever the reason (a password rotated, a database locked).
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection | None = None) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        """Nothing is done before something is raised."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise what it means instead; what means nothing here goes on as it is."""
        meant = None if error is None else _meant(error, self._connection)
        if meant is not None:
            raise meant from error


def _meant(error: BaseException, connection: Connection | None) -> Exception | None:
    match error:
        case PoolTimeoutError():
            pool_timed_out()
            return DatabaseAwayError(TOO_LATE)
        case OSError() | TimeoutError():
            return DatabaseAwayError(TOO_LATE)
        case InterfaceError() | InternalClientError():
            # The driver's word for a value that does not fit its parameter.
            return UnstorableValueError(UNSTORABLE) if isinstance(error, ValueError) else DatabaseAwayError(NO_ANSWER)
        case PostgresError() | DBAPIError():
            if connection is not None and _state(error) == READ_ONLY:
                # The address may lead to the new primary by now.
                connection.leave()
            is_connecting = connection is None and getattr(error, "statement", None) is None
            return _meaning(error, is_connecting=is_connecting)
        case _:
            return None


def _state(error: PostgresError | DBAPIError) -> str:
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""


def _meaning(error: PostgresError | DBAPIError, *, is_connecting: bool) -> Exception | None:
    """What PostgreSQL's error means; `None` for our own mistakes, which are told as 500 and logged whole."""
    state = _state(error)
    if state in {LOST_RACE, UNIQUE_VIOLATION}:
        return LostRaceError(str(error))
    if state in SERIALIZATION_FAILURES:
        return ContendedError()
    if state.startswith(DATA_EXCEPTION):
        return UnstorableValueError(UNSTORABLE)
    if state[:2] in AWAY or state in NOT_NOW or not state or is_connecting:
        return DatabaseAwayError(NO_ANSWER)
    return None
