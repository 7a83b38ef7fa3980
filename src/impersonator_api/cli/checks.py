"""What the doctor looks at, from the outside to the inside; no check raises."""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus

import httpx

from impersonator_api import embedded, tokens
from impersonator_api.cli.errors import SchemaBehindError, told
from impersonator_api.cli.findings import Finding, fine, worth_a_look, wrong
from impersonator_api.cli.inside_checks import INSIDE_CHECKS
from impersonator_api.cli.opening import Database, database_of, opened, schema_at
from impersonator_api.cli.serving import port_problem, url_of
from impersonator_api.errors import ServiceError
from impersonator_api.revisions import Schema
from impersonator_api.settings import Settings
from impersonator_api.tokens.errors import MasterKeyWrongError


def examine(settings: Settings, *, host: str, port: int) -> Iterator[Finding]:
    """Everything that can be looked at, from the outside to the inside."""
    yield check_port(host, port)
    key = check_master_key(settings)
    yield key
    try:
        with database_of(settings) as database:
            where = "embedded PostgreSQL" if database.is_embedded else "PostgreSQL"
            yield fine("database", f"{where} answers.")
            yield _told_of(asyncio.run(schema_at(database.url)))
            # Without a master key nothing can be opened; that is said already.
            if key.remedy is None:
                yield from asyncio.run(_inside(settings, database))
    except SchemaBehindError as error:
        yield fine("database", "PostgreSQL answers.")
        yield wrong("schema", str(error), "Run `impersonator migrate` as the database's owner, then serve.")
    except (ServiceError, embedded.EmbeddedUnavailable) as error:
        yield _no_database(error)


def _told_of(schema: Schema) -> Finding:
    newer = ", made by a newer version on which this one runs" if schema.is_newer else ""
    return fine("schema", f"At {schema.revision}{newer}.")


def check_port(host: str, port: int) -> Finding:
    """Whether `serve` could listen there, or does."""
    problem = port_problem(host, port)
    if problem is None:
        return fine("port", f"{port} is free.")
    try:
        answer = httpx.get(f"{url_of(host, port)}/health/live", timeout=1)
    except httpx.HTTPError:
        answer = None
    if answer is not None and answer.status_code == HTTPStatus.OK and answer.text == '{"status":"alive"}':
        return fine("port", f"This service answers at {port}.")
    return worth_a_look("port", f"{problem}.", "Serve at another one with --port.")


def check_master_key(settings: Settings) -> Finding:
    """Whether there is one at all; whether it is the right one shows at the signing keys."""
    try:
        tokens.load_master_keys(settings)
    except (MasterKeyWrongError, OSError, ValueError) as error:
        words = error.detail if isinstance(error, ServiceError) else f"The key file cannot be read ({error})."
        return wrong("master key", words, "Give 32 random bytes in base64, for example from `openssl rand -base64 32`.")
    return fine("master key", "Set." if settings.master_key else f"In {settings.data_dir}, for development.")


async def _inside(settings: Settings, database: Database) -> list[Finding]:
    async with opened(settings, database) as desk:
        found: list[Finding] = []
        for check in INSIDE_CHECKS:
            try:
                found += await check(desk)
            except ServiceError as error:
                found.append(_no_database(error))
        return found


def _no_database(error: Exception) -> Finding:
    _, words = told(error) or ("", str(error))
    return wrong("database", words, "Start PostgreSQL, or mend IMPERSONATOR_DATABASE_URL.")
