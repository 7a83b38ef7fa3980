"""At most N active sessions per impersonator, whoever hurries: PostgreSQL says so, not this service's memory."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SUPPORT_POLICY, active_sessions, audit_of, ender_for, make_tenant, start
from impersonator_api import sessions
from impersonator_api.errors import ServiceError
from impersonator_api.work import Desk

AT_ONCE = 20


async def test_a_second_start_replaces_the_first(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana = await acme.person("ana", "super_admin")
    bob, carol = await acme.person("bob", "customer"), await acme.person("carol", "customer")
    first = await start(signing_desk, ana, bob)

    second = await start(signing_desk, ana, carol)

    (active,) = await active_sessions(engine, ana)
    ended = next(entry for entry in await audit_of(engine, acme) if entry.action == "session.ended")
    assert active.id == second.live.session.id
    assert (ended.session_id, ended.code, ended.target_label) == (first.live.session.id, "replaced", bob.email)


async def test_a_policy_may_reject_a_second_start(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY | {"on_active": "reject"})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    first = await start(signing_desk, ana, bob)

    with pytest.raises(ServiceError) as told:
        await start(signing_desk, ana, bob)

    (active,) = await active_sessions(engine, ana)
    assert (told.value.status, told.value.code) == (409, "session-already-active")
    assert active.id == first.live.session.id


async def test_a_policy_may_allow_several_at_once(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY | {"max_active": 2, "on_active": "reject"})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)
    await start(signing_desk, ana, bob)

    with pytest.raises(ServiceError):
        await start(signing_desk, ana, bob)

    assert len(await active_sessions(engine, ana)) == 2


async def test_a_policy_that_allows_fewer_holds_from_the_next_start_on(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY | {"max_active": 3})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    for _ in range(3):
        await start(signing_desk, ana, bob)
    await acme.policy(SUPPORT_POLICY, version=2)

    newest = await start(signing_desk, ana, bob)

    assert [session.id for session in await active_sessions(engine, ana)] == [newest.live.session.id]
    assert [entry.code for entry in await audit_of(engine, acme) if entry.action == "session.ended"] == ["replaced"] * 3


async def test_a_session_in_a_high_slot_counts_where_fewer_are_allowed(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY | {"max_active": 2})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    first, second = await start(signing_desk, ana, bob), await start(signing_desk, ana, bob)
    await signing_desk.run(sessions.end, ender=ender_for(ana), session_id=first.live.session.id)
    await acme.policy(SUPPORT_POLICY | {"on_active": "reject"}, version=2)

    with pytest.raises(ServiceError) as told:
        await start(signing_desk, ana, bob)

    assert told.value.code == "session-already-active"
    assert [session.id for session in await active_sessions(engine, ana)] == [second.live.session.id]


@pytest.mark.parametrize("on_active", ["replace", "reject"])
@pytest.mark.parametrize("is_one_active_before", [False, True])
async def test_twenty_starts_at_once_leave_one_active(
    engine: AsyncEngine, signing_desk: Desk, on_active: str, *, is_one_active_before: bool
) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY | {"on_active": on_active})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    if is_one_active_before:
        await start(signing_desk, ana, bob)

    attempts = [start(signing_desk, ana, bob) for _ in range(AT_ONCE)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)

    codes = Counter(
        outcome.code if isinstance(outcome, ServiceError) else type(outcome).__name__ for outcome in outcomes
    )
    assert len(await active_sessions(engine, ana)) == 1
    assert set(codes) <= {"Started", "session-already-active", "concurrent-change"}
    assert codes["Started"] + is_one_active_before >= 1


async def test_every_start_that_was_answered_is_in_the_audit(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")

    outcomes = await asyncio.gather(*[start(signing_desk, ana, bob) for _ in range(AT_ONCE)], return_exceptions=True)

    answered = {outcome.live.session.id for outcome in outcomes if not isinstance(outcome, BaseException)}
    entries = await audit_of(engine, acme)
    assert answered == {entry.session_id for entry in entries if entry.action == "session.started"}
    assert len([entry for entry in entries if entry.action == "session.ended"]) == len(answered) - 1
