"""Where a command finds its database and the desk that runs its stories."""

import asyncio
import os
import pwd
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from impersonator_api import __version__, embedded, tokens
from impersonator_api.cli.errors import NotPostgresError, SchemaBehindError, SettingsInvalidError, settings_faults
from impersonator_api.cli.leaving import signals_held
from impersonator_api.database import build_engine, faults_told
from impersonator_api.logs import configure_logging
from impersonator_api.revisions import Schema, head_revision, schema_of
from impersonator_api.sessions import CappedTotals, Grounds, Surroundings
from impersonator_api.settings import Settings, load_settings
from impersonator_api.work import Desk, Origin, Services, utc_now

T = TypeVar("T")

Step = Callable[[str], AbstractContextManager[None]]
"""What tells the steps of a long beginning."""


def silently(_name: str) -> AbstractContextManager[None]:
    """Tell nobody."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Database:
    """Where a command's database is."""

    url: str
    is_embedded: bool


def settings_now() -> Settings:
    """The settings as the environment has them; raises `SettingsInvalidError` with every fault."""
    try:
        settings = load_settings()
    except ValidationError as error:
        raise SettingsInvalidError("; ".join(settings_faults(error))) from error
    # To stderr: stdout is for what a command answers.
    configure_logging(settings)
    return settings


def at_desk(use: Callable[[Desk], Awaitable[T]], *, settings: Settings | None = None) -> T:
    """Open the database, let a command use a desk there, and close everything again."""
    settings = settings or settings_now()
    with database_of(settings) as database:
        return asyncio.run(_used(settings, database, use))


@contextmanager
def database_of(settings: Settings, *, step: Step = silently) -> Iterator[Database]:
    """The database of the settings, refused where its schema is another version's (`SchemaBehindError`).

    Without one in the settings, the embedded cluster: joined or started, and migrated. The last process to
    leave it stops it.
    """
    if settings.database_url is not None:
        url = driver_url(settings.database_url.get_secret_value())
        asyncio.run(refuse_other_schema(url))
        yield Database(url, is_embedded=False)
        return
    server: embedded.EmbeddedPostgres | None = None
    try:
        with step("embedded PostgreSQL"), signals_held():
            server = embedded.start(settings.data_dir)
        with step("schema"):
            asyncio.run(migrated(server.owner_url))
        yield Database(server.service_url, is_embedded=True)
    finally:
        if server is not None:
            server.stop()


@asynccontextmanager
async def opened(settings: Settings, database: Database, *, step: Step = silently) -> AsyncIterator[Desk]:
    """A desk at that database; the embedded one gets its first keys here."""
    engine = build_engine(database.url, settings)
    master_keys = tokens.load_master_keys(settings)
    services = Services(
        {
            tokens.MasterKeys: master_keys,
            tokens.KeyRing: tokens.KeyRing(master_keys),
            Grounds: Grounds(),
            Surroundings: Surroundings(),
            CappedTotals: CappedTotals(),
        }
    )
    desk = Desk(engine=engine, settings=settings, services=services, clock=utc_now, origin=origin())
    try:
        if database.is_embedded:
            with step("signing keys"):
                await desk.run_in_transaction(tokens.ensure_keys)
        yield desk
    finally:
        await engine.dispose()


async def refuse_other_schema(url: str) -> None:
    """Nothing is read or written in a schema that this version does not know."""
    found = await schema_at(url)
    if found.fits:
        return
    if found.is_newer:
        raise _too_new(found.revision)
    message = f"The schema is at {found.revision or 'nothing'}, not at {head_revision()}: run `impersonator migrate`."
    raise SchemaBehindError(message)


async def migrated(url: str) -> tuple[str | None, str | None]:
    """Bring a schema up to date; answers the revisions before and after."""
    # Alembic is ten megabytes that a server on a database of its own has no use for.
    from impersonator_api.migrate import NewerSchemaError, migrate  # noqa: PLC0415

    try:
        return await migrate(url)
    except NewerSchemaError as error:
        raise _too_new(str(error)) from error


def _too_new(revision: str | None) -> SchemaBehindError:
    return SchemaBehindError(f"The schema is at {revision}, made by a newer version than {__version__}: run that one.")


async def schema_at(url: str) -> Schema:
    """Where a database's schema is, asked without our role: before the first migration there is none."""
    engine = create_async_engine(url, connect_args={"timeout": 5})
    try:
        with faults_told():
            return await schema_of(engine)
    finally:
        await engine.dispose()


def driver_url(url: str) -> str:
    """A PostgreSQL URL the way other tools write it, for our driver: asyncpg says `ssl` for `sslmode`."""
    parts = make_url(url)
    if parts.get_backend_name() not in {"postgresql", "postgres"}:
        raise NotPostgresError("IMPERSONATOR_DATABASE_URL must be a postgresql:// URL; no other database will do.")
    parts = parts.set(drivername="postgresql+asyncpg")
    if "sslmode" in parts.query:
        renamed = {"ssl": parts.query["sslmode"]}
        parts = parts.difference_update_query(["sslmode"]).update_query_dict(renamed)
    return parts.render_as_string(hide_password=False)


def operator() -> str:
    """Who types, as ends and audit entries name him; a container's user may have no name."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:{os.getuid()}"


def origin() -> Origin:
    """Where a command's changes come from."""
    return Origin(request_id=f"cli-{uuid4()}", user_agent=f"impersonator/{__version__} ({operator()})")


async def _used(settings: Settings, database: Database, use: Callable[[Desk], Awaitable[T]]) -> T:
    async with opened(settings, database) as desk:
        return await use(desk)
