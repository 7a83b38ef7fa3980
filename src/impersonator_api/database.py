"""The engine, its limits, and what a database fault means to a caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import MetaData, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from impersonator_api.errors import MalformedError, UnavailableError
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
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout.total_seconds(),
        connect_args={
            "timeout": 5,
            # A network that swallows packets answers nothing: the client's own limit lies beyond the server's.
            "command_timeout": settings.statement_timeout.total_seconds() + 2,
            "server_settings": {
                "role": SERVICE_ROLE,
                "application_name": "impersonator",
                "timezone": "UTC",
                "statement_timeout": milliseconds(settings.statement_timeout),
                "lock_timeout": milliseconds(settings.lock_timeout),
                "idle_in_transaction_session_timeout": "15000",
            },
        },
    )
    event.listen(engine.sync_engine, "handle_error", _leave_standby)
    return engine


def _leave_standby(context: ExceptionContext) -> None:
    """Connect anew after a write that was refused: the address may lead to the new primary by now."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def milliseconds(span: timedelta) -> str:
    """A span the way PostgreSQL's settings take it."""
    return str(int(span.total_seconds() * 1000))


@contextmanager
def faults_told() -> Iterator[None]:
    """Translate what SQLAlchemy raises into what it means; a fault never becomes somebody's bad request.

    Raises `LostRaceError` and `ContendedError` for work that may run again, `DatabaseAwayError` for the rest.
    """
    try:
        yield
    except (PoolTimeoutError, OSError, TimeoutError) as error:
        raise DatabaseAwayError("The database did not answer in time; try again.") from error
    except DBAPIError as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        raise meaning from error


def _meaning(error: DBAPIError) -> Exception | None:
    """What a driver's error means; `None` for our own mistakes, which are told as 500 and logged whole."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in {LOST_RACE, UNIQUE_VIOLATION}:
        return LostRaceError(str(error.orig))
    if state in SERIALIZATION_FAILURES:
        return ContendedError()
    if state.startswith(DATA_EXCEPTION) or isinstance(error, DataError):
        return UnstorableValueError("The request holds a value that cannot be stored.")
    # Without a statement it is the connecting that failed, whatever the reason (a password rotated, a database locked).
    if state[:2] in AWAY or state in NOT_NOW or not state or error.statement is None:
        return DatabaseAwayError("The database did not answer; try again.")
    return None
