"""Moments as PostgreSQL keeps them, in microseconds since 2000: the driver takes three times as long over each."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

if TYPE_CHECKING:
    from asyncpg import Connection

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND


def count_moments(engine: AsyncEngine) -> None:
    """Have each connection that is made from now on send and read them so."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _entry: object) -> None:  # noqa: ANN401  SQLAlchemy has no name for it
        connection.run_async(_counting)


async def _counting(driver: "Connection") -> None:
    await driver.set_type_codec("timestamptz", schema="pg_catalog", encoder=_counted, decoder=_read, format="tuple")


def _counted(moment: datetime) -> tuple[int]:
    since = moment - EPOCH
    return (since.days * DAY + since.seconds * SECOND + since.microseconds,)


def _read(counted: tuple[int]) -> datetime:
    return EPOCH + timedelta(microseconds=counted[0])
