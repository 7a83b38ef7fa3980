"""`impersonator migrate`: the database's schema."""

import asyncio

import typer

from impersonator_api.cli.opening import database_of, driver_url, migrated, settings_now
from impersonator_api.cli.output import AsJson, examples, say, say_json
from impersonator_api.database import faults_told
from impersonator_api.revisions import head_revision
from impersonator_api.settings import Settings

EPILOG = examples(
    "impersonator migrate",
    "IMPERSONATOR_OWNER_DATABASE_URL=postgresql://owner@db/impersonator impersonator migrate",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EPILOG)(migrate)


def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database's schema up to date, as its owner.

    Uses IMPERSONATOR_OWNER_DATABASE_URL, else IMPERSONATOR_DATABASE_URL. Safe to run again, by several at once, and
    while the service runs. The embedded database is migrated by every command.
    """
    before, after = _migrated(settings_now())
    if as_json:
        say_json({"before": before, "after": after, "changed": before != after})
    elif before == after:
        say(f"The schema is at {after} already.")
    else:
        say(f"Migrated the schema from {before or 'nothing'} to {after}.")


def _migrated(settings: Settings) -> tuple[str | None, str | None]:
    url = settings.owner_database_url or settings.database_url
    if url is None:
        with database_of(settings):
            return head_revision(), head_revision()
    with faults_told():
        return asyncio.run(migrated(driver_url(url.get_secret_value())))
