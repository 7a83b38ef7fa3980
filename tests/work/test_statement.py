"""The laws of the one statement (ADR 0009), each on a real PostgreSQL."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import CTE, insert, select, type_coerce, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from builders import make_tenant
from impersonator_api.database import LostRaceError, faults_told
from impersonator_api.directory.tables import roles, tenants
from impersonator_api.prepared import prepared
from impersonator_api.questions import Column
from impersonator_api.statement import SecondWriteToOneRowError, Write, as_one_statement, met_by


async def send(engine: AsyncEngine, *writes: Write) -> Mapping[str, Any]:
    with faults_told():
        async with engine.begin() as db:
            question = as_one_statement(writes)
            values = dict(zip(question.built.names, question.values, strict=True))
            return dict((await db.execute(question.built.make(), values)).mappings().one())


def renamed(tenant_id: UUID, *, only_if: str, rows: int | None = 1) -> Write:
    """A conditional update, such as the use of a refresh token is."""
    values = {"tenant_id": tenant_id, "only_if": only_if}
    return Write("renamed", _renamed, values, rows=rows, touched=((tenants, tenant_id),))


def _renamed(tenant_id: Column, only_if: Column) -> CTE:
    changed = update(tenants).where(tenants.c.id == tenant_id, tenants.c.name == only_if).values(name="Renamed")
    return changed.returning(tenants.c.id).cte()


def two_renamed(one: UUID, other: UUID, **expected: Any) -> Write:
    """An update of two rows."""
    return Write("two renamed", _two_renamed, {"one": one, "other": other}, **expected)


def _two_renamed(one: Column, other: Column) -> CTE:
    return update(tenants).where(tenants.c.id.in_([one, other])).values(name="Two").returning(tenants.c.id).cte()


def role_added(tenant_id: UUID, name: str) -> Write:
    """An insert that stands beside it."""
    return Write("role", _role_added, role_row(tenant_id, name))


def role_row(tenant_id: UUID, name: str) -> dict[str, object]:
    return {"id": uuid7(), "tenant_id": tenant_id, "name": name}


def _role_added(**row: Column) -> CTE:
    return insert(roles).values(row).cte()


def _role_added_if_new(**row: Column) -> CTE:
    return upsert(roles).values(row).on_conflict_do_nothing().returning(roles.c.id).cte()


def role_added_after(guard: Write, tenant_id: UUID) -> Write:
    """An insert that needs its guard."""
    return Write("role", _role_added_after, role_row(tenant_id, "clerk"), after=guard, rows=None)


def _role_added_after(guard: CTE, **row: Column) -> CTE:
    given = select(*[type_coerce(value, roles.c[name].type) for name, value in row.items()]).select_from(guard)
    return insert(roles).from_select(list(row), given).returning(roles.c.id).cte()


async def names_of(engine: AsyncEngine, column: Any, condition: Any) -> list[str]:
    async with engine.connect() as db:
        return list((await db.execute(select(column).where(condition))).scalars())


async def test_a_write_that_misses_its_row_undoes_its_siblings(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)

    with pytest.raises(LostRaceError, match="renamed"):
        await send(engine, role_added(acme.id, "clerk"), renamed(acme.id, only_if="Somebody else's"))

    assert await names_of(engine, roles.c.name, roles.c.tenant_id == acme.id) == []


async def test_writes_that_meet_their_rows_are_stored_together(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)

    await send(engine, role_added(acme.id, "clerk"), renamed(acme.id, only_if="Acme"))

    assert await names_of(engine, roles.c.name, roles.c.tenant_id == acme.id) == ["clerk"]
    assert await names_of(engine, tenants.c.name, tenants.c.id == acme.id) == ["Renamed"]


async def test_a_write_that_meets_more_rows_than_it_expects_undoes_its_siblings(engine: AsyncEngine) -> None:
    acme, globex = await make_tenant(engine), await make_tenant(engine, "globex")

    with pytest.raises(DBAPIError, match="more than one row"):
        await send(engine, role_added(acme.id, "clerk"), two_renamed(acme.id, globex.id))

    assert await names_of(engine, roles.c.name, roles.c.tenant_id == acme.id) == []


async def test_several_rows_are_counted(engine: AsyncEngine) -> None:
    acme, globex = await make_tenant(engine), await make_tenant(engine, "globex")

    await send(engine, role_added(acme.id, "clerk"), two_renamed(acme.id, globex.id, rows=2))
    with pytest.raises(LostRaceError, match="two renamed"):
        await send(engine, role_added(acme.id, "baker"), two_renamed(acme.id, globex.id, rows=3))

    assert await names_of(engine, roles.c.name, roles.c.tenant_id == acme.id) == ["clerk"]


async def test_a_plain_insert_is_asked_nothing_and_undoes_its_siblings_where_it_fails(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)
    await send(engine, role_added(acme.id, "clerk"))
    writes = renamed(acme.id, only_if="Acme", rows=None), role_added(acme.id, "clerk")

    with pytest.raises(LostRaceError):
        await send(engine, *writes)

    assert "impersonator_expect" not in str(as_one_statement(writes).built.make())
    assert await names_of(engine, tenants.c.name, tenants.c.id == acme.id) == ["Acme"]


def test_an_insert_that_may_write_nothing_is_held_to_its_row(engine: AsyncEngine) -> None:
    guard = renamed(uuid7(), only_if="Acme", rows=None)
    selecting = Write("role", _role_added_after, role_row(uuid7(), "clerk"), after=guard)
    ignoring = Write("role", _role_added_if_new, role_row(uuid7(), "clerk"))

    for writes in ([guard, selecting], [ignoring]):
        built = as_one_statement(writes).built
        sql = prepared(built.make(), engine.dialect, given=built.names).sql
        assert "impersonator_expect('role'" in sql


async def test_who_wants_to_know_how_many_rows_were_met_is_told(engine: AsyncEngine) -> None:
    acme, met = await make_tenant(engine), list[int]()
    several = two_renamed(acme.id, uuid7(), rows=None, told=met.append)
    one = replace(role_added(acme.id, "clerk"), told=met.append)

    for each in met_by([several, one], await send(engine, several, one)):
        each()

    assert met == [1, 1]


async def test_where_any_number_will_do_none_is_no_lost_race(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)

    await send(engine, role_added(acme.id, "clerk"), renamed(acme.id, only_if="Another", rows=None))

    assert await names_of(engine, roles.c.name, roles.c.tenant_id == acme.id) == ["clerk"]


async def test_of_twenty_that_want_one_row_one_gets_it_and_leaves_one_sibling(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)
    attempts = [send(engine, renamed(acme.id, only_if="Acme"), role_added(acme.id, f"role-{n}")) for n in range(20)]

    outcomes = await asyncio.gather(*attempts, return_exceptions=True)

    assert sum(isinstance(outcome, LostRaceError) for outcome in outcomes) == 19
    assert sum(isinstance(outcome, BaseException) for outcome in outcomes) == 19
    assert len(await names_of(engine, roles.c.name, roles.c.tenant_id == acme.id)) == 1


async def test_a_taken_key_is_a_lost_race(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)
    await send(engine, role_added(acme.id, "clerk"))

    with pytest.raises(LostRaceError):
        await send(engine, role_added(acme.id, "clerk"))


async def test_what_selects_from_its_guard_does_nothing_where_the_guard_met_nothing(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)
    guard = renamed(acme.id, only_if="Another", rows=None)

    await send(engine, guard, role_added_after(guard, acme.id))

    assert await names_of(engine, roles.c.name, roles.c.tenant_id == acme.id) == []


async def test_a_second_write_to_one_row_is_refused_because_postgresql_would_drop_it(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)

    with pytest.raises(SecondWriteToOneRowError, match="tenants"):
        await send(engine, renamed(acme.id, only_if="Acme"), renamed(acme.id, only_if="Acme"))


async def test_a_lock_does_not_refresh_the_snapshot_of_its_own_statement(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)
    waiting = select(
        select(tenants.c.id).where(tenants.c.id == acme.id).with_for_update(read=True).scalar_subquery(),
        select(roles.c.name).where(roles.c.tenant_id == acme.id).scalar_subquery(),
    )

    async with engine.connect() as changing, engine.connect() as reading:
        await changing.execute(update(tenants).where(tenants.c.id == acme.id).values(created_at=datetime.now(UTC)))
        await changing.execute(insert(roles).values(id=uuid7(), tenant_id=acme.id, name="clerk"))
        answer = asyncio.create_task(reading.execute(waiting))
        await asyncio.sleep(0.2)
        await changing.commit()
        _, seen = (await answer).one()

    assert seen is None
    assert await names_of(engine, roles.c.name, roles.c.tenant_id == acme.id) == ["clerk"]
