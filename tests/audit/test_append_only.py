"""What is in the audit stays as it was written, whoever asks for something else."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from builders import audit_of, make_tenant, start
from impersonator_api.work import Desk

ONLY_GROWS = "the audit only grows"

CHANGES = (
    "UPDATE audit_entries SET reason = 'another' WHERE tenant_id = :tenant",
    "DELETE FROM audit_entries WHERE tenant_id = :tenant",
)


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The tables' owner, who may do everything that no trigger refuses."""
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


async def tenant_with_history(engine: AsyncEngine, desk: Desk) -> UUID:
    """A tenant in which somebody acted as somebody."""
    acme = await make_tenant(engine)
    await start(desk, await acme.person("ana", "super_admin"), await acme.person("bob", "customer"))
    assert len(await audit_of(engine, acme)) == 1
    return acme.id


async def refused(engine: AsyncEngine, statement: str, tenant: UUID | None = None) -> str:
    """What PostgreSQL says to a statement that it does not carry out."""
    with pytest.raises(DBAPIError) as told:
        async with engine.begin() as db:
            await db.execute(text(statement), {} if tenant is None else {"tenant": tenant})
    return str(told.value.orig)


@pytest.mark.parametrize("change", CHANGES)
async def test_the_service_may_not_change_an_entry(engine: AsyncEngine, signing_desk: Desk, change: str) -> None:
    tenant = await tenant_with_history(engine, signing_desk)

    assert "permission denied" in await refused(engine, change, tenant)


@pytest.mark.parametrize("change", CHANGES)
async def test_not_even_the_owner_changes_an_entry(
    engine: AsyncEngine, owner: AsyncEngine, signing_desk: Desk, change: str
) -> None:
    tenant = await tenant_with_history(engine, signing_desk)

    assert ONLY_GROWS in await refused(owner, change, tenant)


async def partitions(engine: AsyncEngine) -> list[str]:
    """Every table that holds entries, the parent among them."""
    question = "SELECT relid::regclass::text FROM pg_partition_tree('audit_entries')"
    async with engine.connect() as db:
        return [row[0] for row in (await db.execute(text(question))).all()]


async def test_neither_the_audit_nor_one_of_its_months_can_be_emptied(owner: AsyncEngine) -> None:
    tables = await partitions(owner)

    told = [await refused(owner, f"TRUNCATE {table}") for table in tables]

    assert len(tables) > 3
    assert all(ONLY_GROWS in each for each in told)


async def test_the_service_may_not_empty_the_audit(engine: AsyncEngine) -> None:
    assert "permission denied" in await refused(engine, "TRUNCATE audit_entries")


async def test_a_month_that_the_service_makes_cannot_be_emptied_either(engine: AsyncEngine, owner: AsyncEngine) -> None:
    async with engine.begin() as db:
        await db.execute(text("SELECT impersonator_ensure_partitions('2031-05-20T12:00:00Z', 0)"))

    assert ONLY_GROWS in await refused(owner, "TRUNCATE audit_entries_y2031m05")


async def test_a_user_with_a_history_cannot_be_deleted(
    engine: AsyncEngine, owner: AsyncEngine, signing_desk: Desk
) -> None:
    tenant = await tenant_with_history(engine, signing_desk)
    no_roles = "DELETE FROM user_roles WHERE user_id IN (SELECT id FROM users WHERE tenant_id = :tenant)"
    async with owner.begin() as db:
        await db.execute(text(no_roles), {"tenant": tenant})

    told = await refused(owner, "DELETE FROM users WHERE tenant_id = :tenant", tenant)

    assert "fk_impersonation_sessions_target_id" in told
