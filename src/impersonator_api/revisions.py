"""Which schema a database has, and whether this code runs on it; asked by all, so it needs nothing of Alembic."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from impersonator_api.database import faults_told

NEEDS: Final = "runs code that knows "
"""How the comment on Alembic's table begins; a revision follows. It travels with every dump."""


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


async def schema_of(engine: AsyncEngine) -> Schema:
    """Where a database's schema is."""
    with faults_told():
        async with engine.connect() as connection:
            return await schema_on(connection)


async def schema_on(connection: AsyncConnection) -> Schema:
    """Likewise, on a connection that is in no transaction, nor afterwards."""
    # Before the first migration there is no table to ask.
    is_there = await connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    revision = await connection.scalar(text("SELECT version_num FROM alembic_version")) if is_there else None
    needs = await connection.scalar(text("SELECT obj_description(to_regclass('alembic_version'), 'pg_class')"))
    await connection.rollback()
    return Schema(revision, (needs or "").removeprefix(NEEDS) or None)


def head_revision() -> str:
    """The revision this code was written for."""
    return known_revisions()[0]


@cache
def known_revisions() -> tuple[str, ...]:
    """Every revision this code knows, the latest first; of a later release's it knows none."""
    files = (migrations_folder() / "versions").glob("[0-9]*.py")
    # A migration's file is called by its revision, and revisions are numbered.
    return tuple(sorted((file.name.partition("_")[0] for file in files), reverse=True))


def migrations_folder() -> Path:
    """The migrations lie in the package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    packaged, checkout = here / "migrations", here.parents[1] / "migrations"
    return packaged if packaged.is_dir() else checkout
