"""Bringing a database's schema up to date, one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from impersonator_api.database import faults_told
from impersonator_api.settings import Settings

ADVISORY_LOCK = 0x1A9E50
"""Held while migrating, so that replicas that start together migrate once."""


def owner_engine(settings: Settings) -> AsyncEngine:
    """An engine as the database's owner: `OWNER_DATABASE_URL`, else `DATABASE_URL`; raises `ValueError` without one."""
    url = settings.owner_database_url or settings.database_url
    if url is None:
        raise ValueError("Set IMPERSONATOR_DATABASE_URL, or IMPERSONATOR_OWNER_DATABASE_URL, to migrate.")
    return create_async_engine(url.get_secret_value())


async def migrate(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade the schema as its owner; answers the revisions before and after."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            before = await connection.run_sync(current_revision)
            await connection.run_sync(_upgrade, revision)
            await connection.commit()
            return before, await connection.run_sync(current_revision)
    finally:
        await engine.dispose()


async def revision_of(engine: AsyncEngine) -> str | None:
    """The revision a database's schema is at."""
    with faults_told():
        async with engine.connect() as connection:
            return await connection.run_sync(current_revision)


def current_revision(connection: Connection) -> str | None:
    """The revision this connection's schema is at."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The revision this code was written for."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def is_known_revision(revision: str) -> bool:
    """Whether this code knows a revision; it does not know a newer version's."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return any(script.revision == revision for script in scripts.walk_revisions())


def alembic_config() -> Config:
    """Alembic's configuration without its file: the migrations lie in the package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    packaged, checkout = here / "migrations", here.parents[1] / "migrations"
    config = Config()
    config.set_main_option("script_location", str(packaged if packaged.is_dir() else checkout))
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
