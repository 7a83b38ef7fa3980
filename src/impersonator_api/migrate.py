"""Bringing a database's schema up to date, one process at a time."""

import asyncio
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from impersonator_api.database import LOCK_NOT_AVAILABLE, faults_told
from impersonator_api.settings import Settings

ADVISORY_LOCK = 0x1A9E50
"""Held while migrating, so that replicas that start together migrate once."""

LOCK_PATIENCE: Final = "300ms"
"""Requests queue up behind a migration that waits for a table, so it gives up before they do, and before PostgreSQL
looks for deadlocks; several tables' waits add up."""

PAUSE: Final = 1.0
"""Seconds in which they catch up before it tries again."""

ATTEMPTS: Final = 120

NEEDS: Final = "runs code that knows "
"""How the comment on Alembic's table begins; a revision follows. It travels with every dump."""

FIRST_NEEDED: Final = "0004"
"""Until a migration says otherwise: from here on every migration leaves the release before it running."""

log = structlog.get_logger()


class NewerSchemaError(Exception):
    """A later release made the schema, and this one does not run on it."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Where a database's schema is, and which revision code must at least know to run on it."""

    revision: str | None
    needs: str | None

    @property
    def is_newer(self) -> bool:
        """Whether a later release made it."""
        return self.revision is not None and self.revision not in known_revisions()

    @property
    def fits(self) -> bool:
        """Whether this code runs on it: it is this release's, or a later one's that left this one running."""
        return self.revision == head_revision() or (self.is_newer and self.needs in known_revisions())


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
            before = await connection.run_sync(_schema)
            if before.is_newer:
                return _left_alone(before)
            for step in _steps(before.revision, revision):
                await _upgrade_patiently(connection, step)
            await connection.run_sync(_remember_needs)
            await connection.commit()
            return before.revision, (await connection.run_sync(_schema)).revision
    finally:
        await engine.dispose()


def _left_alone(newer: Schema) -> tuple[str | None, str | None]:
    """Whoever goes back to the release before runs its `migrate` too, and must not be stopped by it."""
    if not newer.fits:
        raise NewerSchemaError(newer.revision)
    return newer.revision, newer.revision


async def schema_of(engine: AsyncEngine) -> Schema:
    """Where a database's schema is."""
    with faults_told():
        async with engine.connect() as connection:
            return await connection.run_sync(_schema)


def head_revision() -> str:
    """The revision this code was written for."""
    return known_revisions()[0]


@cache
def known_revisions() -> tuple[str, ...]:
    """Every revision this code knows, the latest first; of a later release's it knows none."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return tuple(script.revision for script in scripts.walk_revisions())


def alembic_config() -> Config:
    """Alembic's configuration without its file: the migrations lie in the package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    packaged, checkout = here / "migrations", here.parents[1] / "migrations"
    config = Config()
    config.set_main_option("script_location", str(packaged if packaged.is_dir() else checkout))
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


def _schema(connection: Connection) -> Schema:
    revision = MigrationContext.configure(connection).get_current_revision()
    needs = connection.scalar(text("SELECT obj_description(to_regclass('alembic_version'), 'pg_class')"))
    connection.rollback()
    return Schema(revision, (needs or "").removeprefix(NEEDS) or None)


def _remember_needs(connection: Connection) -> None:
    """Write down, where releases that know nothing of this schema can read it, whether they may still run on it."""
    found = _schema(connection)
    needs = oldest_code_for(found.revision)
    if needs != found.needs:
        connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{NEEDS}{needs}'"))


def oldest_code_for(revision: str | None) -> str:
    """The revision that code must at least know to run on a schema: what the last contracting migration says."""
    scripts = ScriptDirectory.from_config(alembic_config())
    for script in scripts.iterate_revisions(revision, "base"):
        needs = getattr(script.module, "NEEDS", None)
        if needs is not None:
            return str(needs)
    return FIRST_NEEDED
