import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Someone, active_sessions, audit_of, ender_for, make_tenant, session_row, start
from conftest import Clock
from impersonator_api import sessions
from impersonator_api.errors import ServiceError
from impersonator_api.sessions import Reader, store
from impersonator_api.sessions.errors import NotYourSessionError
from impersonator_api.sessions.tables import active_sessions as active_table
from impersonator_api.work import Desk, Work


async def running_of(work: Work, someone: Someone) -> Any:
    """An impersonator's running sessions, as they come along with the caller."""
    return (await work.read(store.running(someone.id, work.now))).scalar_one()


async def test_an_end_is_written_down_and_frees_the_slot(engine: AsyncEngine, signing_desk: Desk, clock: Clock) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    started = await start(signing_desk, ana, bob)
    clock.forward(seconds=90)

    ended = await signing_desk.run(sessions.end, ender=ender_for(ana), session_id=started.live.session.id)

    row = await session_row(engine, started.live.session.id)
    assert (row.status, row.end_reason, row.ended_by) == ("ended", "stopped", ana.email)
    assert ended.lasted.total_seconds() == 90
    assert {entry.action for entry in await audit_of(engine, acme)} == {"session.started", "session.ended"}
    async with engine.connect() as db:
        held = select(func.count()).where(active_table.c.impersonator_id == ana.id)
        assert (await db.execute(held)).scalar_one() == 0


async def test_a_session_ends_once(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    started = await start(signing_desk, ana, bob)
    await signing_desk.run(sessions.end, ender=ender_for(ana), session_id=started.live.session.id)
    before = await session_row(engine, started.live.session.id)

    with pytest.raises(ServiceError) as told:
        await signing_desk.run(sessions.end, ender=ender_for(ana), session_id=started.live.session.id)

    assert told.value.code == "session-already-ended"
    assert await session_row(engine, started.live.session.id) == before


async def test_twenty_ends_at_once_write_one_entry(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    session_id = (await start(signing_desk, ana, bob)).live.session.id

    ends = [signing_desk.run(sessions.end, ender=ender_for(ana), session_id=session_id) for _ in range(20)]
    outcomes = await asyncio.gather(*ends, return_exceptions=True)

    winners = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    codes = {outcome.code for outcome in outcomes if isinstance(outcome, ServiceError)}
    assert len(winners) == 1
    assert codes == {"session-already-ended"}
    assert len([entry for entry in await audit_of(engine, acme) if entry.action == "session.ended"]) == 1


async def test_of_two_bare_ends_at_once_the_second_finds_nothing(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)
    running = await signing_desk.run(running_of, ana)

    ends = [signing_desk.run(sessions.end, ender=ender_for(ana, running=running)) for _ in range(2)]
    outcomes = await asyncio.gather(*ends, return_exceptions=True)

    assert sorted(getattr(outcome, "code", "ended") for outcome in outcomes) == ["ended", "no-active-session"]


@pytest.mark.parametrize("tenant", ["own", "other"])
async def test_somebody_elses_session_is_out_of_reach(engine: AsyncEngine, signing_desk: Desk, tenant: str) -> None:
    acme, globex = await make_tenant(engine), await make_tenant(engine, "globex")
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    eve = await (acme if tenant == "own" else globex).person("eve", "support")
    started = await start(signing_desk, ana, bob)

    with pytest.raises(ServiceError) as told:
        await signing_desk.run(sessions.end, ender=ender_for(eve), session_id=started.live.session.id)

    assert told.value.code == ("not-your-session" if tenant == "own" else "session-unknown")
    assert len(await active_sessions(engine, ana)) == 1


async def test_who_may_end_any_session_revokes_it(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    lead = await acme.person("lea", "lead")
    started = await start(signing_desk, ana, bob)

    ender = ender_for(lead, may_end_any=True)
    await signing_desk.run(sessions.end, ender=ender, session_id=started.live.session.id)

    row = await session_row(engine, started.live.session.id)
    assert (row.end_reason, row.ended_by) == ("revoked", lead.email)
    (entry,) = [entry for entry in await audit_of(engine, acme) if entry.action == "session.ended"]
    assert (entry.impersonator_label, entry.detail) == (ana.email, {"by": lead.email})


async def test_the_audit_names_whoever_reached_for_somebody_elses_session(
    engine: AsyncEngine, signing_desk: Desk
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    eve = await acme.person("eve", "support")
    started = await start(signing_desk, ana, bob)
    session_id, reader = started.live.session.id, Reader(tenant_id=acme.id, id=eve.id, label=eve.email)

    for story in (
        signing_desk.run(sessions.end, ender=ender_for(eve), session_id=session_id),
        signing_desk.run(sessions.load_one, reader=reader, session_id=session_id),
        signing_desk.run(sessions.find_all_active, reader=reader, limit=1),
    ):
        with pytest.raises(NotYourSessionError):
            await story

    refused = [entry for entry in await audit_of(engine, acme) if entry.action == "session.refused"]
    assert [eve.email in {entry.impersonator_label, entry.detail.get("by")} for entry in refused] == [True] * 3


async def test_an_unknown_session_cannot_be_ended(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana = await acme.person("ana", "super_admin")

    with pytest.raises(ServiceError) as told:
        await signing_desk.run(sessions.end, ender=ender_for(ana), session_id=uuid4())

    assert told.value.code == "session-unknown"


async def test_the_sweeper_writes_down_what_is_overdue_and_nothing_else(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock
) -> None:
    acme = await make_tenant(engine)
    ana, lea = await acme.person("ana", "super_admin"), await acme.person("lea", "super_admin")
    bob = await acme.person("bob", "customer")
    overdue = await start(signing_desk, ana, bob)
    clock.forward(minutes=20)
    running = await start(signing_desk, lea, bob)
    clock.forward(minutes=15)

    await signing_desk.run(sessions.expire_overdue)

    expired = await session_row(engine, overdue.live.session.id)
    assert (expired.status, expired.end_reason) == ("ended", "expired")
    assert expired.ended_at == expired.expires_at
    assert (await session_row(engine, running.live.session.id)).status == "active"
    assert [entry.action for entry in await audit_of(engine, acme)].count("session.expired") == 1
