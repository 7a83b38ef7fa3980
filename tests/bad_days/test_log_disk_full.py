"""No space left for PostgreSQL's own log of changes: it goes down, and what was answered before is there after."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bad_days.cluster import SETTINGS, Cluster
from bad_days.conftest import Serve, Tell, Town
from bad_days.crowd import refused_honestly
from bad_days.disk import Disk
from bad_days.serving import Serving, until
from bad_days.whole import wrong_in
from impersonator_api.embedded import EmbeddedUnavailable
from impersonator_api.migrate import migrate

SMALL_LOG = {"min_wal_size": "32MB", "max_wal_size": "32MB"}


@pytest.fixture
def cluster(disk: Disk) -> Iterator[Cluster]:
    """A cluster that lies there with all that it has."""
    cluster = Cluster(disk.path, {**SETTINGS, **SMALL_LOG})
    yield cluster
    cluster.stop()


@pytest.fixture
async def fresh_database_url(cluster: Cluster) -> str:
    """Its one database."""
    await migrate(cluster.owner_url)
    return cluster.owner_url


@asynccontextmanager
async def supervised(cluster: Cluster) -> AsyncIterator[None]:
    """Start PostgreSQL again and again when it is down, as systemd or a container's restart policy does."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.3)
            if not cluster.is_running:
                with suppress(EmbeddedUnavailable):
                    await cluster.start()

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()


async def exhausted(owner: AsyncEngine) -> None:
    """Write to the log whatever space it has laid by."""
    with suppress(DBAPIError, OSError):
        while True:
            async with owner.begin() as db:
                await db.execute(text("SELECT pg_logical_emit_message(true, 'full', repeat('x', 1000000))"))


async def is_unready(service: Serving) -> bool:
    """Whether not even a question is answered any more."""
    return (await service.ask("/health/ready")).status == 503


async def test_without_space_for_its_log_postgres_goes_down_and_loses_nothing_that_was_answered(
    serve: Serve, town: Town, owner: AsyncEngine, cluster: Cluster, disk: Disk, tell: Tell
) -> None:
    async with serve() as service:
        crowd = town.crowd(service)
        async with crowd.at_work() as seen, supervised(cluster):
            await until(lambda: len(seen.ended) > len(town.people), "nobody ended anything")
            disk.fill()
            await exhausted(owner)
            await until(lambda: is_unready(service), "PostgreSQL is still there")
            alive = [(await service.ask(path)).status for path in ("/health/live", "/.well-known/jwks.json")]
            disk.free()
            freed_at = time.monotonic()
            await crowd.all_answered_since(freed_at, seconds=20)
            tell(f"all answered {time.monotonic() - freed_at:.2f} s after there was space; {seen.words}")

    assert alive == [200, 200]
    assert seen.refused
    refused_honestly(seen)
    assert await wrong_in(owner, seen) == {}
