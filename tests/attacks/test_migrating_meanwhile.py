"""Whoever still runs while the schema changes under him: what he began is not lost sight of."""

import asyncio

from alembic import command
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from attacks.test_races import blocked
from house.test_migrations import ACTIVE_AND_ENDED, alembic, on

ACTIVE = "SELECT count(*) FROM active_sessions"


async def test_a_start_that_commits_while_active_sessions_move_is_among_them(fresh_database_url: str) -> None:
    await on(fresh_database_url, lambda connection: alembic(connection, command.downgrade, "0006"))
    engine = create_async_engine(fresh_database_url)
    async with engine.connect() as db:
        for statement in ACTIVE_AND_ENDED.split(";\n"):
            await db.execute(text(statement))

        moving = asyncio.create_task(on(fresh_database_url, lambda found: alembic(found, command.upgrade, "0007")))
        await blocked(engine)
        await db.commit()
        await moving

        assert (await db.execute(text(ACTIVE))).scalar_one() == 2
    await engine.dispose()
