"""Every month of the audit refuses to be emptied, also one that is made later (tests/attacks has the rest)."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The tables' owner, who may do everything that no trigger refuses."""
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


async def refused(engine: AsyncEngine, statement: str) -> str:
    """What PostgreSQL says to a statement that it does not carry out."""
    with pytest.raises(DBAPIError) as told:
        async with engine.begin() as db:
            await db.execute(text(statement))
    return str(told.value.orig)


async def test_not_one_month_can_be_emptied(owner: AsyncEngine) -> None:
    question = text("SELECT relid::regclass::text FROM pg_partition_tree('audit_entries')")
    async with owner.connect() as db:
        tables = (await db.execute(question)).scalars().all()

    told = [await refused(owner, f"TRUNCATE {table}") for table in tables]

    assert len(tables) > 3
    assert all("the audit only grows" in each for each in told)


async def test_a_month_that_the_service_makes_cannot_be_emptied_either(engine: AsyncEngine, owner: AsyncEngine) -> None:
    async with engine.begin() as db:
        await db.execute(text("SELECT impersonator_ensure_partitions('2031-05-20T12:00:00Z', 0)"))

    assert "the audit only grows" in await refused(owner, "TRUNCATE audit_entries_y2031m05")
