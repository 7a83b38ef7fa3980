"""What the desk does with a story: commits before it answers, tries again, and remembers a "no" (ADR 0004)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from uuid_utils.compat import uuid7

from builders import Organisation, audit_of, make_tenant
from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.database import ContendedError, DatabaseAwayError, LostRaceError
from impersonator_api.directory.tables import roles, tenants
from impersonator_api.errors import ConcurrentChangeError, Refusal
from impersonator_api.statement import Write
from impersonator_api.work import Desk, Work

Run = Callable[[Callable[[Work], Awaitable[Any]]], Awaitable[Any]]


@pytest.fixture(params=["run", "run_in_transaction"])
def run(request: pytest.FixtureRequest, desk: Desk) -> Run:
    """Both ways to run a story."""
    method: Run = getattr(desk, request.param)
    return method


def role_added(acme: Organisation, name: str = "clerk") -> Write:
    row = {"id": uuid7(), "tenant_id": acme.id, "name": name}
    return Write("role", lambda: insert(roles).values(row).returning(roles.c.id).cte())


def entry(work: Work, acme: Organisation) -> Write:
    return recorded(work, Entry(action=Action.REFUSED, tenant_id=acme.id, code="a-law"))


async def roles_of(engine: AsyncEngine, acme: Organisation) -> list[str]:
    async with engine.connect() as db:
        return list((await db.execute(select(roles.c.name).where(roles.c.tenant_id == acme.id))).scalars())


async def disconnect(owner_url: str, pid: int) -> None:
    """Break a connection, as an administrator or a power cut would."""
    owner = create_async_engine(owner_url)
    async with owner.connect() as db:
        await db.execute(select(func.pg_terminate_backend(pid, 5000)))
    await owner.dispose()


async def test_what_was_answered_is_committed(engine: AsyncEngine, run: Run) -> None:
    acme = await make_tenant(engine)

    async def story(work: Work) -> str:
        work.write(role_added(acme))
        return "done"

    assert await run(story) == "done"
    assert await roles_of(engine, acme) == ["clerk"]


async def test_of_a_refused_story_only_the_record_is_kept(engine: AsyncEngine, run: Run) -> None:
    acme = await make_tenant(engine)

    async def story(work: Work) -> None:
        work.write(role_added(acme))
        raise Refusal("No.", record=[entry(work, acme)])

    with pytest.raises(Refusal):
        await run(story)

    assert await roles_of(engine, acme) == []
    assert [each.code for each in await audit_of(engine, acme)] == ["a-law"]


async def test_what_was_sent_before_a_refusal_is_rolled_back(engine: AsyncEngine, desk: Desk) -> None:
    acme = await make_tenant(engine)

    async def story(work: Work) -> None:
        work.write(role_added(acme))
        await work.send()
        raise Refusal("No.", record=[entry(work, acme)])

    with pytest.raises(Refusal):
        await desk.run_in_transaction(story)

    assert await roles_of(engine, acme) == []
    assert len(await audit_of(engine, acme)) == 1


async def test_a_refusal_that_cannot_be_remembered_is_no_answer(
    engine: AsyncEngine, database_url: str, run: Run
) -> None:
    acme = await make_tenant(engine)

    async def story(work: Work) -> None:
        pid = (await work.read(select(func.pg_backend_pid()))).scalar_one()
        await disconnect(database_url, pid)
        raise Refusal("No.", record=[entry(work, acme)])

    with pytest.raises(DatabaseAwayError):
        await run(story)

    assert await audit_of(engine, acme) == []


async def test_a_story_that_lost_its_race_is_told_again_on_fresh_rows(engine: AsyncEngine, run: Run) -> None:
    acme = await make_tenant(engine)
    seen = []

    async def story(work: Work) -> None:
        name = (await work.read(select(tenants.c.name).where(tenants.c.id == acme.id))).scalar_one()
        seen.append(name)
        if len(seen) == 1:
            await acme.change(tenants, tenants.c.id == acme.id, name="Changed meanwhile")
        unchanged = update(tenants).where(tenants.c.id == acme.id, tenants.c.name == name).values(name="Ours")
        work.write(Write("name", lambda: unchanged.returning(tenants.c.id).cte()))

    await run(story)

    assert seen == ["Acme", "Changed meanwhile"]


async def test_who_loses_three_races_is_told_so(run: Run) -> None:
    runs = []

    async def story(work: Work) -> None:
        runs.append(work.run)
        raise LostRaceError

    with pytest.raises(ConcurrentChangeError):
        await run(story)

    assert runs == [0, 1, 2]


async def test_a_deadlock_gets_one_second_chance(run: Run) -> None:
    runs = []

    async def story(work: Work) -> None:
        runs.append(work.run)
        raise ContendedError

    with pytest.raises(DatabaseAwayError):
        await run(story)

    assert len(runs) == 2


async def test_a_bug_leaves_nothing_behind(engine: AsyncEngine, run: Run) -> None:
    acme = await make_tenant(engine)

    async def story(work: Work) -> None:
        work.write(role_added(acme))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(story)

    assert await roles_of(engine, acme) == []


async def test_ids_of_one_work_come_in_order_and_begin_with_its_moment(desk: Desk) -> None:
    async def story(work: Work) -> tuple[list[str], int]:
        return [str(work.new_id()) for _ in range(100)], int(work.now.timestamp() * 1000)

    ids, moment = await desk.run(story)

    assert ids == sorted(set(ids))
    assert int(ids[0].replace("-", "")[:12], 16) == moment
