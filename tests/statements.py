"""The statements that go to PostgreSQL, as the driver tells them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from asyncpg.connection import LoggedQuery
from sqlalchemy import event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection
from sqlalchemy.ext.asyncio import AsyncEngine

if TYPE_CHECKING:
    from impersonator_api.pool import HonestPool

AROUND = frozenset({"BEGIN;", "COMMIT;", "ROLLBACK;"})
"""What a transaction of several statements begins and ends with."""

ABOUT_TYPES = ("typeinfo_tree", "current_setting('jit')")
"""What the driver asks once for each connection about types that it does not know."""


@asynccontextmanager
async def statements_of(engine: AsyncEngine) -> AsyncIterator[list[LoggedQuery]]:
    """What is sent meanwhile by way of connections that nobody uses at first, or that are made."""
    sent: list[LoggedQuery] = []

    def note(query: LoggedQuery) -> None:
        if query.query not in AROUND and not any(word in query.query for word in ABOUT_TYPES):
            sent.append(query)

    def listen(connection: AsyncAdapt_asyncpg_connection, *_: object) -> None:
        connection.driver_connection.add_query_logger(note)

    for connection in idle_in(engine):
        connection.add_query_logger(note)
    event.listen(engine.sync_engine, "connect", listen)
    try:
        yield sent
        await told()
    finally:
        event.remove(engine.sync_engine, "connect", listen)
        for connection in idle_in(engine):
            connection.remove_query_logger(note)


def idle_in(engine: AsyncEngine) -> list[Any]:
    """The driver's connections that nobody uses at present."""
    pool = cast("HonestPool", engine.sync_engine.pool)
    taken = list(iter(pool.take_idle, None))
    for each in taken:
        pool.put_back(each, is_dead=False)
    return [each.driver_connection for each in taken]


async def told() -> None:
    """Let the driver tell of what was sent; it does so when nothing else is to be done."""
    await asyncio.sleep(0)
