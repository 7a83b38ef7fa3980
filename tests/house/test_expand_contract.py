"""A migration leaves the release before it running, and makes no request wait for long; or it says why it does not."""

import re
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from cli.conftest import on_server
from impersonator_api.migrate import FIRST_NEEDED, alembic_config, oldest_code_for
from impersonator_api.revisions import known_revisions

BREAKING = {
    "takes away what the release before asks for": r"\bDROP (TABLE|COLUMN|VIEW|MATERIALIZED VIEW|TYPE|SCHEMA)\b",
    "takes away a function": r"\bDROP FUNCTION\b",
    "renames": r"\bRENAME (TO|COLUMN|CONSTRAINT)\b|\bRENAME \w+ TO\b",
    "changes a type": r"\bALTER (COLUMN )?\"?\w+\"? (SET DATA )?TYPE\b",
    "refuses rows that the release before writes": r"\bSET NOT NULL\b|"
    r"\bADD COLUMN(?=[^,]*\bNOT NULL\b)(?![^,]*\bDEFAULT\b)",
    "takes away a default": r"\bDROP DEFAULT\b",
    "takes away a right": r"\bREVOKE\b",
    "throws rows away": r"\bTRUNCATE\b|\bDELETE FROM\b",
}
"""Needs `NEEDS`, the revision that code must know to run afterwards, in the migration."""

HEAVY = {
    "builds an index while nobody can write": r"\bCREATE (UNIQUE )?INDEX (?!CONCURRENTLY)",
    "checks every row while nobody can write": r"\bADD (CONSTRAINT \S+ )?(CHECK|FOREIGN KEY)(?!.*\bNOT VALID\b)",
    "builds an index within a constraint": r"\bADD (CONSTRAINT \S+ )?(UNIQUE|PRIMARY KEY|EXCLUDE)(?! USING INDEX)",
    "shuts everybody out": r"\bLOCK TABLE\b|\bVACUUM FULL\b|\bCLUSTER\b|\bREINDEX (?!.*CONCURRENTLY)",
    "writes every row": r"\bUPDATE \w+ SET\b|\bADD COLUMN[^,]*\bDEFAULT (gen_random_uuid|clock_timestamp|random)\b",
    "shuts everybody out while it checks": r"\bSET NOT NULL\b|\bATTACH PARTITION\b",
}
"""Needs `HEAVY`, why nobody waits for long, in the migration."""

RULED = [revision for revision in reversed(known_revisions()) if revision > FIRST_NEEDED]
"""Whatever came before was the beginning: no release ever ran without it."""

FUNCTION = re.compile(r"\bCREATE (OR REPLACE )?(FUNCTION|PROCEDURE)\b", re.IGNORECASE)
TABLE_MADE = re.compile(r"\bCREATE TABLE (?:IF NOT EXISTS )?\"?(\w+)", re.IGNORECASE)


def faults_in(statements: list[str], *, needs: str | None = None, heavy: str | None = None) -> list[str]:
    """What a migration of these statements does to those who use its tables meanwhile; new tables nobody uses."""
    made = {name for statement in statements for name in TABLE_MADE.findall(statement)}
    looked_at = [
        " ".join(statement.split())
        for statement in statements
        if not FUNCTION.search(statement)
        and "alembic_version" not in statement
        and not any(re.search(rf"\b{name}\b", statement) for name in made)
    ]
    kinds = [(what, pattern) for what, pattern in BREAKING.items() if needs is None]
    kinds += [(what, pattern) for what, pattern in HEAVY.items() if heavy is None]
    return [
        f"{what}: {statement[:120]}"
        for statement in looked_at
        for what, pattern in kinds
        if re.search(pattern, statement, re.IGNORECASE)
    ]


def module_of(revision: str) -> ModuleType:
    module: ModuleType = ScriptDirectory.from_config(alembic_config()).get_revision(revision).module
    return module


def sent_by_each(connection: Connection) -> dict[str, list[str]]:
    """What each migration sends to an empty database."""
    sent: dict[str, list[str]] = {}
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, FIRST_NEEDED)
    for revision in RULED:
        statements = sent.setdefault(revision, [])

        def remember(*arguments: Any, into: list[str] = statements) -> None:
            into.append(arguments[2])

        event.listen(connection.engine, "before_cursor_execute", remember)
        command.upgrade(config, revision)
        event.remove(connection.engine, "before_cursor_execute", remember)
    return sent


@pytest.fixture
async def empty_database_url(owner_url: str) -> AsyncIterator[str]:
    """A database without a schema."""
    name = f"impersonator_empty_{uuid4().hex[:8]}"
    await on_server(owner_url, f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    yield make_url(owner_url).set(database=name).render_as_string(hide_password=False)
    await on_server(owner_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_no_migration_breaks_or_stops_the_release_before_without_saying_why(empty_database_url: str) -> None:
    engine = create_async_engine(empty_database_url)
    async with engine.connect() as connection:
        sent = await connection.run_sync(sent_by_each)
    await engine.dispose()

    marks = {each: {name.lower(): getattr(module_of(each), name, None) for name in ("NEEDS", "HEAVY")} for each in sent}
    found = {each: faults_in(statements, **marks[each]) for each, statements in sent.items()}

    assert {each: faults for each, faults in found.items() if faults} == {}
    assert all(any("alembic_version" in statement for statement in statements) for statements in sent.values())


def test_what_a_contraction_needs_is_an_earlier_revision() -> None:
    needs = {revision: getattr(module_of(revision), "NEEDS", None) for revision in RULED}

    assert [each for each, needed in needs.items() if needed and not FIRST_NEEDED <= needed <= each] == []
    assert oldest_code_for(known_revisions()[0]) in known_revisions()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE clients DROP COLUMN number",
        "DROP TABLE consents",
        "ALTER TABLE clients RENAME COLUMN number TO digits",
        "ALTER TABLE clients RENAME TO applications",
        "ALTER TABLE clients ALTER COLUMN number TYPE bigint",
        "ALTER TABLE clients ALTER COLUMN number SET NOT NULL",
        "ALTER TABLE clients ADD COLUMN colour TEXT NOT NULL",
        "ALTER TABLE clients ALTER COLUMN rank DROP DEFAULT",
        "DROP FUNCTION impersonator_expect(text, bigint, bigint)",
        "REVOKE INSERT ON clients FROM impersonator_service",
        "DELETE FROM used_ids",
        "CREATE INDEX ix_clients_name ON clients (name)",
        "CREATE UNIQUE INDEX uq_clients_name ON clients (name)",
        "ALTER TABLE clients ADD CONSTRAINT ck_clients_name CHECK (name <> '')",
        "ALTER TABLE clients ADD CONSTRAINT fk_clients_x FOREIGN KEY(x) REFERENCES users (id)",
        "ALTER TABLE clients ADD CONSTRAINT uq_clients_name UNIQUE (name)",
        "LOCK TABLE clients IN ACCESS EXCLUSIVE MODE",
        "UPDATE clients SET name = upper(name)",
        "DO $$ BEGIN ALTER TABLE clients DROP COLUMN number; END $$",
    ],
)
def test_what_breaks_or_stops_a_running_release_is_found(statement: str) -> None:
    assert faults_in([statement]) != []
    assert faults_in([statement], needs="0004", heavy="The table is small.") == []


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE clients ADD COLUMN colour TEXT"],
        ["ALTER TABLE clients ADD COLUMN loud BOOLEAN DEFAULT false NOT NULL"],
        ["CREATE INDEX CONCURRENTLY ix_clients_name ON clients (name)"],
        ["CREATE TABLE colours (id uuid PRIMARY KEY)", "CREATE INDEX ix_colours ON colours (id)"],
        ["ALTER TABLE clients ADD CONSTRAINT ck_clients_name CHECK (name <> '') NOT VALID"],
        ["ALTER TABLE clients VALIDATE CONSTRAINT ck_clients_name"],
        ["CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM used_ids $$"],
        ["GRANT SELECT ON clients TO impersonator_service"],
    ],
)
def test_what_only_adds_is_let_through(statements: list[str]) -> None:
    assert faults_in(statements) == []
