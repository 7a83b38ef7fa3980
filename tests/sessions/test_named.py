"""What PostgreSQL itself refuses: to lose what a session names."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from uuid_utils.compat import uuid7

from builders import Organisation, Someone, make_tenant, start
from impersonator_api.work import Desk

NAMED = {"tenants": "tenant_id", "users": "target_id", "clients": "client_id", "workspaces": "workspace_id"}

LIKE_ANOTHER = """
INSERT INTO impersonation_sessions
SELECT (jsonb_populate_record(one, CAST(:otherwise AS jsonb))).* FROM impersonation_sessions AS one WHERE id = :like
"""

TENANT = "INSERT INTO tenants (id, slug, name, created_at) VALUES (:id, :slug, :slug, now())"
REVISION = "SELECT revision FROM tenants WHERE id = :id"


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The tables' owner, who may do everything that nothing in the database refuses."""
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def acme(engine: AsyncEngine) -> Organisation:
    """An organisation."""
    return await make_tenant(engine)


@pytest.fixture
async def carol(acme: Organisation) -> Someone:
    """Somebody whom no session names."""
    return await acme.person("carol")


@pytest.fixture
async def session_id(acme: Organisation, signing_desk: Desk) -> UUID:
    """A session of ana as bob, who holds nothing and is no member anywhere else."""
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob")
    await acme.workspace("north", ana=(ana, []), bob=(bob, []))
    return (await start(signing_desk, ana, bob, workspace="north")).live.session.id


async def said(engine: AsyncEngine, statement: str, **values: Any) -> None:
    async with engine.begin() as db:
        await db.execute(text(statement), values)


async def nobody_elses(engine: AsyncEngine, acme: Organisation) -> dict[str, UUID]:
    """By table: a row that nothing names."""
    carol = await acme.person("carol")
    client_id = await acme.client("lonely")
    tenant_id = uuid7()
    await said(engine, TENANT, id=tenant_id, slug=str(tenant_id))
    workspace_id = await acme.workspace("lonely")
    return {"tenants": tenant_id, "users": carol.id, "clients": acme.client_ids[client_id], "workspaces": workspace_id}


async def revision_of(engine: AsyncEngine, tenant: Organisation) -> Any:
    async with engine.connect() as db:
        return await db.scalar(text(REVISION), {"id": tenant.id})


async def written_like(db: AsyncConnection, session_id: UUID, **otherwise: UUID) -> None:
    given = {"id": uuid7(), **otherwise}
    told = json.dumps({name: str(value) for name, value in given.items()})
    await db.execute(text(LIKE_ANOTHER), {"otherwise": told, "like": session_id})


@pytest.mark.parametrize(("table", "column"), NAMED.items())
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET id = gen_random_uuid()"])
async def test_what_only_a_session_names_cannot_go(
    owner: AsyncEngine, acme: Organisation, session_id: UUID, table: str, column: str, change: str
) -> None:
    lonely = await nobody_elses(owner, acme)
    async with owner.begin() as db:
        await written_like(db, session_id, **{column: lonely[table]})

    with pytest.raises(IntegrityError, match="a session names it"):
        await said(owner, f"{change.format(table)} WHERE id = :id", id=lonely[table])


async def test_whom_no_session_names_can_go_and_whoever_decided_before_decides_again(
    owner: AsyncEngine, acme: Organisation, carol: Someone
) -> None:
    before = await revision_of(owner, acme)

    await said(owner, "DELETE FROM users WHERE id = :id", id=carol.id)

    assert await revision_of(owner, acme) == before + 1


async def test_who_deletes_somebody_waits_for_a_start_and_then_sees_it(
    owner: AsyncEngine, session_id: UUID, acme: Organisation, carol: Someone
) -> None:
    async with owner.begin() as starting:
        await starting.execute(text("SELECT FROM tenants WHERE id = :id FOR SHARE"), {"id": acme.id})
        await written_like(starting, session_id, target_id=carol.id)
        deleting = asyncio.create_task(said(owner, "DELETE FROM users WHERE id = :id", id=carol.id))
        done, _ = await asyncio.wait([deleting], timeout=0.3)
        assert not done

    with pytest.raises(IntegrityError, match="a session names it"):
        await deleting


async def test_who_would_not_see_a_start_deletes_nobody(owner: AsyncEngine, carol: Someone) -> None:
    with pytest.raises(DBAPIError, match="needs READ COMMITTED"):
        await said(
            owner.execution_options(isolation_level="REPEATABLE READ"), "DELETE FROM users WHERE id = :id", id=carol.id
        )
