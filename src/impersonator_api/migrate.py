"""Bringing a database's schema up to date, one process at a time."""

import asyncio
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from impersonator_api import revisions
from impersonator_api.database import LOCK_NOT_AVAILABLE
from impersonator_api.revisions import NEEDS, Schema, schema_on
from impersonator_api.settings import Settings

ADVISORY_LOCK = 0x1A9E50
"""Held while migrating, so that replicas that start together migrate once."""

LOCK_PATIENCE: Final = "300ms"
"""Requests queue up behind a migration that waits for a table, so it gives up before they do, and before PostgreSQL
looks for deadlocks; several tables' waits add up."""

PAUSE: Final = 1.0
"""Seconds in which they catch up before it tries again."""

ATTEMPTS: Final = 120

FIRST_NEEDED: Final = "0004"
"""Until a migration says otherwise: from here on every migration leaves the release before it running."""

log = structlog.get_logger()


class NewerSchemaError(Exception):
    """A later release made the schema, and this one does not run on it."""


def owner_engine(settings: Settings) -> AsyncEngine:
    """An engine as the database's owner: `OWNER_DATABASE_URL`, else `DATABASE_URL`; raises `ValueError` without one."""
    url = settings.owner_database_url or settings.database_url
    if url is None:
        raise ValueError("Set IMPERSONATOR_DATABASE_URL, or IMPERSONATOR_OWNER_DATABASE_URL, to migrate.")
    return create_async_engine(url.get_secret_value())


async def migrate(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade the schema as its owner while others use it; answers the revisions before and after.

    Raises `NewerSchemaError` for a later release's schema that this one does not run on, and what the database says
    where something stands in the way for minutes; what was migrated until then stays.
    """
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            await connection.commit()
            before = await schema_on(connection)
            if before.is_newer:
                return _left_alone(before)
            for step in _steps(before.revision, revision):
                await _upgrade_patiently(connection, step)
            await _remember_needs(connection)
            await connection.commit()
            return before.revision, (await schema_on(connection)).revision
    finally:
        await engine.dispose()


def _left_alone(newer: Schema) -> tuple[str | None, str | None]:
    """Whoever goes back to the release before runs its `migrate` too, and must not be stopped by it."""
    if not newer.fits:
        raise NewerSchemaError(newer.revision)
    return newer.revision, newer.revision


def alembic_config() -> Config:
    """Alembic's configuration without its file."""
    config = Config()
    config.set_main_option("script_location", str(revisions.migrations_folder()))
    return config


def _steps(before: str | None, revision: str) -> tuple[str, ...]:
    """The migrations to make, each on its own."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return tuple(reversed([script.revision for script in scripts.iterate_revisions(revision, before or "base")]))


async def _upgrade_patiently(connection: AsyncConnection, revision: str) -> None:
    """Make one migration, which gives way to the traffic that it would otherwise make wait."""
    for attempt in range(1, ATTEMPTS + 1):
        await connection.execute(text(f"SET lock_timeout = '{LOCK_PATIENCE}'"))
        await connection.commit()
        try:
            await connection.run_sync(_upgrade, revision)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or attempt == ATTEMPTS:
                raise
        else:
            return
        await connection.rollback()
        log.info("migration waits", revision=revision, attempt=attempt)
        await asyncio.sleep(PAUSE)


def _upgrade(connection: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def _remember_needs(connection: AsyncConnection) -> None:
    """Write down, where releases that know nothing of this schema can read it, whether they may still run on it."""
    found = await schema_on(connection)
    needs = oldest_code_for(found.revision)
    if needs != found.needs:
        await connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{NEEDS}{needs}'"))


def oldest_code_for(revision: str | None) -> str:
    """The revision that code must at least know to run on a schema: what the last contracting migration says."""
    scripts = ScriptDirectory.from_config(alembic_config())
    for script in scripts.iterate_revisions(revision, "base"):
        needs = getattr(script.module, "NEEDS", None)
        if needs is not None:
            return str(needs)
    return FIRST_NEEDED
