"""The record outlives those it is about, and nobody rewrites it: not the service, not the owner of the database."""

from contextlib import suppress

import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from attacks.doors import Scene
from builders import Someone, audit_of
from impersonator_api.directory.tables import user_roles, users

CHANGES = (
    "UPDATE {table} SET reason = 'nothing'",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
)


async def partitions(engine: AsyncEngine) -> list[str]:
    """Where the audit's rows lie."""
    question = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_entries'::regclass"
    async with engine.connect() as db:
        return list((await db.execute(text(question))).scalars())


async def refusal(engine: AsyncEngine, statement: str) -> str:
    """The SQLSTATE that a statement is refused with, empty where it is not."""
    async with engine.connect() as db:
        try:
            await db.execute(text(statement))
        except DBAPIError as error:
            return str(getattr(error.orig, "sqlstate", ""))
        finally:
            await db.rollback()
    return ""


@pytest.mark.parametrize("change", CHANGES)
async def test_the_service_cannot_rewrite_the_audit(engine: AsyncEngine, scene: Scene, change: str) -> None:
    await scene.started()

    states = {
        await refusal(engine, change.format(table=table)) for table in ["audit_entries", *await partitions(engine)]
    }

    assert states == {"42501"}


@pytest.mark.parametrize("change", CHANGES)
async def test_the_owner_cannot_rewrite_the_audit(
    engine: AsyncEngine, database_url: str, scene: Scene, change: str
) -> None:
    await scene.started()
    tables = await partitions(engine)
    owner = create_async_engine(database_url)

    states = {await refusal(owner, change.format(table=table)) for table in ["audit_entries", *tables]}
    await owner.dispose()

    # Row triggers have nothing to refuse in a partition that is empty.
    assert states <= {"IMP02", ""}
    assert len(tables) > 1


@pytest.mark.parametrize("change", CHANGES)
async def test_not_a_row_is_changed_wherever_it_lies(
    engine: AsyncEngine, database_url: str, scene: Scene, change: str
) -> None:
    await scene.started()
    owner = create_async_engine(database_url)
    async with engine.connect() as db:
        holder = await db.execute(text("SELECT tableoid::regclass::text FROM audit_entries ORDER BY id DESC LIMIT 1"))
        table = holder.scalar_one()

    states = [await refusal(owner, change.format(table=name)) for name in ("audit_entries", table)]
    await owner.dispose()

    assert states == ["IMP02", "IMP02"]


@pytest.mark.parametrize("table", ["impersonation_sessions", "refresh_tokens", "users", "tenants", "clients"])
async def test_the_service_deletes_no_history(engine: AsyncEngine, table: str) -> None:
    states = [await refusal(engine, f"{verb} {table}") for verb in ("DELETE FROM", "TRUNCATE")]

    assert states == ["42501", "42501"]


@pytest.mark.parametrize("who", ["ana", "bob"])
async def test_the_audit_outlives_whom_it_is_about(
    engine: AsyncEngine, database_url: str, scene: Scene, who: str
) -> None:
    await scene.started()
    someone: Someone = getattr(scene, who)
    before = await audit_of(engine, scene.acme)
    owner = create_async_engine(database_url)

    # A target's row cannot go while sessions point at it; an impersonator's can.
    with suppress(IntegrityError):
        async with owner.begin() as db:
            await db.execute(delete(user_roles).where(user_roles.c.user_id == someone.id))
            await db.execute(delete(users).where(users.c.id == someone.id))
    await owner.dispose()

    assert await audit_of(engine, scene.acme) == before
    assert (before[0].impersonator_label, before[0].target_label) == (scene.ana.email, scene.bob.email)


async def test_a_deleted_users_history_keeps_both_names(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    gone = {"status": "deleted", "email": None, "display_name": None}
    await scene.acme.change(users, users.c.id == scene.bob.id, **gone)

    await scene.refreshed(started)

    entries = await audit_of(engine, scene.acme)
    assert {entry.action for entry in entries} == {"session.started", "session.ended"}
    assert {entry.impersonator_label for entry in entries} == {scene.ana.email}
    assert {entry.target_label for entry in entries} == {scene.bob.email}


async def test_every_entry_about_a_session_names_both(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    await scene.refreshed(started)
    await scene.doors.start(started["access_token"], scene.bob)
    await scene.doors.start(scene.ana_token, await scene.acme.person("peer", "super_admin"))
    await scene.doors.end(scene.ana_token)

    entries = await audit_of(engine, scene.acme)

    assert len(entries) == 5
    assert {entry.impersonator_id for entry in entries} == {scene.ana.id}
    assert all(entry.target_id and entry.target_label and entry.ip and entry.request_id for entry in entries)
