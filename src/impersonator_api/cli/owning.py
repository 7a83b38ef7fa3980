"""Where commands act as the tables' owner: what the service's role may not do, and must not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import create_async_engine

from impersonator_api import embedded
from impersonator_api.cli.leaving import signals_held
from impersonator_api.cli.opening import driver_url, migrated, origin, refuse_other_schema
from impersonator_api.pool import HonestPool
from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Services, utc_now

T = TypeVar("T")


def at_owners_desk(use: Callable[[Desk], Awaitable[T]], *, settings: Settings) -> T:
    """Let a command use a desk whose stories run as the tables' owner, without limits of time."""
    with _owners_url(settings) as url:
        return asyncio.run(_used(settings, url, use))


@contextmanager
def _owners_url(settings: Settings) -> Iterator[str]:
    """As `migrate` finds it: the owner's URL, else the service's, else the embedded database's."""
    url = settings.owner_database_url or settings.database_url
    if url is not None:
        there = driver_url(url.get_secret_value())
        asyncio.run(refuse_other_schema(there))
        yield there
        return
    with signals_held():
        server = embedded.start(settings.data_dir)
    try:
        asyncio.run(migrated(server.owner_url))
        yield server.owner_url
    finally:
        server.stop()


async def _used(settings: Settings, url: str, use: Callable[[Desk], Awaitable[T]]) -> T:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        poolclass=HonestPool,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "application_name": "impersonator retention",
                "timezone": "UTC",
                "statement_timeout": "0",
                "idle_in_transaction_session_timeout": "0",
            },
        },
    )
    try:
        return await use(Desk(engine=engine, settings=settings, services=Services({}), clock=utc_now, origin=origin()))
    finally:
        await engine.dispose()
