"""How Alembic reaches the database: on the connection `impersonator_api.migrate` hands it, else by the settings."""

import asyncio
import re

from alembic import context
from sqlalchemy import Connection

from impersonator_api.migrate import owner_engine
from impersonator_api.schema import metadata
from impersonator_api.settings import load_settings

PARTITION = re.compile(r"_(default|y\d{4}m\d{2})$")
"""How partitions are called; they come and go with the months, so only their parents are compared with the metadata."""


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a name of the database is to be compared at all."""
    return not (kind == "table" and name and PARTITION.search(name))


def migrate_on(connection: Connection) -> None:
    """Run the migrations in one transaction on this connection."""
    context.configure(connection=connection, target_metadata=metadata, include_name=is_ours)
    with context.begin_transaction():
        context.run_migrations()


async def migrate_by_settings() -> None:
    """For `alembic` itself, which has no connection to hand over."""
    engine = owner_engine(load_settings())
    async with engine.connect() as connection:
        await connection.run_sync(migrate_on)
        await connection.commit()
    await engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is None:
    asyncio.run(migrate_by_settings())
else:
    migrate_on(handed_over)
