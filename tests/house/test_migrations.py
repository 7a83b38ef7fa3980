"""Migrations make exactly the tables that the code speaks of, and go back as well as forward."""

from collections.abc import Callable

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from impersonator_api.migrate import alembic_config
from impersonator_api.revisions import known_revisions

TABLES = (
    "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
)
FUNCTIONS = r"SELECT count(*) FROM pg_proc WHERE proname LIKE 'impersonator\_%'"
ON_AUDIT = "SELECT count(*) FROM information_schema.triggers WHERE event_object_table LIKE 'audit_entries%'"

POINTING_AT_SESSIONS = (
    "SELECT count(*) FROM pg_constraint"
    " WHERE contype = 'f' AND conparentid = 0 AND confrelid = 'impersonation_sessions'::regclass"
)
ORPHAN = """
WITH acme AS (
    INSERT INTO tenants (id, slug, name, created_at) VALUES (gen_random_uuid(), 'acme', 'Acme', now()) RETURNING id
)
INSERT INTO refresh_tokens (id, tenant_id, session_id, family_id, claims, issued_at, expires_at)
SELECT gen_random_uuid(), id, gen_random_uuid(), gen_random_uuid(), '{}', now(), now() FROM acme
"""

ACTIVE_AND_ENDED = """
SET LOCAL session_replication_role = replica;
INSERT INTO impersonation_sessions (id, tenant_id, impersonator_kind, impersonator_id, impersonator_label,
    impersonator_rank, target_id, target_label, target_rank, client_id, mode, rights, scopes, status, end_reason,
    started_at, expires_at, ended_at, rule, policy_version, revision, actor, metadata)
SELECT id::uuid, gen_random_uuid(), 'user', gen_random_uuid(), 'ana', 50, gen_random_uuid(), 'bob', 0,
       gen_random_uuid(), 'full', 'target', '{}', CASE WHEN ended IS NULL THEN 'active' ELSE 'ended' END, ended,
       now(), now() + interval '1 hour', CASE WHEN ended IS NULL THEN NULL ELSE now() END, 'support', 1, 1, '{}', '{}'
  FROM (VALUES ('00000000-0000-7000-8000-000000000001', NULL), ('00000000-0000-7000-8000-000000000002', NULL),
               ('00000000-0000-7000-8000-000000000003', 'stopped')) AS given (id, ended);
INSERT INTO active_slots SELECT impersonator_kind, impersonator_id, 0, id, expires_at
  FROM impersonation_sessions WHERE id = '00000000-0000-7000-8000-000000000001';
"""


async def on(url: str, run: Callable[[Connection], None]) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


def alembic(connection: Connection, run: Callable[..., None], *arguments: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    run(config, *arguments)


def test_the_files_names_tell_the_revisions_in_alembics_order() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())

    assert known_revisions() == tuple(script.revision for script in scripts.walk_revisions())


async def test_the_migrated_schema_is_the_one_the_code_speaks_of(fresh_database_url: str) -> None:
    await on(fresh_database_url, lambda connection: alembic(connection, command.check))


@pytest.mark.parametrize("what", [TABLES, FUNCTIONS, ON_AUDIT])
async def test_going_back_leaves_nothing_and_forward_again_brings_all(fresh_database_url: str, what: str) -> None:
    def back_and_forth(connection: Connection) -> None:
        before = connection.scalar(text(what))
        alembic(connection, command.downgrade, "base")
        assert connection.scalar(text(what)) == 0
        alembic(connection, command.upgrade, "head")
        assert connection.scalar(text(what)) == before

    await on(fresh_database_url, back_and_forth)


async def test_going_back_drops_what_would_point_at_a_session_that_went(fresh_database_url: str) -> None:
    def orphaned_and_back(connection: Connection) -> None:
        connection.execute(text(ORPHAN))
        alembic(connection, command.downgrade, "0004")
        assert connection.scalar(text("SELECT count(*) FROM refresh_tokens")) == 0
        assert connection.scalar(text(POINTING_AT_SESSIONS)) == 4

    await on(fresh_database_url, orphaned_and_back)


async def test_what_a_token_says_is_kept_in_either_schema(fresh_database_url: str) -> None:
    said = text("SELECT claims::jsonb ->> 'sub' FROM refresh_tokens")

    def forth_and_back(connection: Connection) -> None:
        alembic(connection, command.downgrade, "0008")
        connection.execute(text(ORPHAN.replace("'{}'", """'{"sub": "bob"}'""")))
        alembic(connection, command.upgrade, "0009")
        assert connection.scalar(said) == "bob"
        alembic(connection, command.downgrade, "0008")
        assert connection.scalar(said) == "bob"

    await on(fresh_database_url, forth_and_back)


async def test_who_is_active_is_known_by_either_schema(fresh_database_url: str) -> None:
    def forth_and_back(connection: Connection) -> None:
        alembic(connection, command.downgrade, "0006")
        for statement in ACTIVE_AND_ENDED.split(";\n"):
            connection.execute(text(statement))
        alembic(connection, command.upgrade, "0007")
        found = connection.execute(text("SELECT right(session_id::text, 1), slot FROM active_sessions ORDER BY 1"))
        assert found.all() == [("1", 0), ("2", None)]
        alembic(connection, command.downgrade, "0006")
        held = connection.execute(text("SELECT right(session_id::text, 1), slot FROM active_slots"))
        assert held.all() == [("1", 0)]

    await on(fresh_database_url, forth_and_back)
