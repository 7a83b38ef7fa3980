"""No space left for the database: what writes is told to come back, what reads goes on, and nothing is half there."""

import os
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bad_days.cluster import Cluster
from bad_days.conftest import Serve, Tell, Town
from bad_days.crowd import refused_honestly
from bad_days.disk import Disk
from bad_days.serving import until
from bad_days.whole import wrong_in

READING = {"introspect", "userinfo"}


@pytest.fixture
async def fresh_database_url(cluster: Cluster, template: str, disk: Disk) -> AsyncIterator[str]:
    """A database that lies on the small disk; the cluster's log does not."""
    name = f"impersonator_full_{uuid4().hex[:8]}"
    place = disk.path / name
    place.mkdir(mode=0o700)
    os.chown(place, *cluster.user)
    engine = create_async_engine(cluster.owner_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as db:
        await db.execute(text(f"CREATE TABLESPACE {name} LOCATION '{place}'"))
        await db.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" TABLESPACE {name}'))
        yield make_url(cluster.owner_url).set(database=name).render_as_string(hide_password=False)
        await db.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        await db.execute(text(f"DROP TABLESPACE {name}"))
    await engine.dispose()


async def test_a_full_disk_refuses_what_writes_answers_what_reads_and_is_forgotten_when_freed(
    serve: Serve, town: Town, owner: AsyncEngine, disk: Disk, tell: Tell
) -> None:
    async with serve() as service:
        crowd = town.crowd(service)
        live = await town.live_token(service)
        async with crowd.at_work() as seen:
            disk.fill()
            await until(lambda: len(seen.refused) > 5 * len(town.people), "nobody was refused")
            reads = [await live(), await service.ask("/.well-known/jwks.json"), await service.ask("/health/ready")]
            disk.free()
            await crowd.all_answered_since(time.monotonic(), seconds=5)
    tell(seen.words)

    assert [each.status for each in reads] == [200, 200, 200]
    assert reads[0].json()["active"]
    assert READING.isdisjoint(each.door for each in seen.refused)
    refused_honestly(seen)
    assert await wrong_in(owner, seen) == {}
