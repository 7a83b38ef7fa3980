"""What a session depends on is not asked for again while its tenant has not changed, and at once where it has."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Organisation, Someone, make_tenant, start
from impersonator_api.directory.in_common import LARGEST
from impersonator_api.directory.known import KEPT_FOR
from impersonator_api.directory.tables import tenants, users
from impersonator_api.sessions import Live, SessionNotRunningError, Surroundings, load_live, revoke
from impersonator_api.sessions.surroundings import REMEMBERED
from impersonator_api.work import Desk
from statements import statements_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)


async def running(engine: AsyncEngine, desk: Desk) -> tuple[Organisation, Someone, UUID]:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    return acme, bob, (await start(desk, ana, bob)).live.session.id


async def load(desk: Desk, session_id: UUID) -> Live:
    return await desk.run(load_live, session_id)


async def rename(acme: Organisation, someone: Someone) -> None:
    await acme.change(users, users.c.id == someone.id, display_name="Robert")
    async with acme.engine.begin() as db:
        await db.execute(update(tenants).where(tenants.c.id == acme.id).values(revision=tenants.c.revision + 1))


async def test_people_are_not_asked_for_again_while_nothing_changed(engine: AsyncEngine, signing_desk: Desk) -> None:
    _, _, session_id = await running(engine, signing_desk)
    first = await load(signing_desk, session_id)

    async with statements_of(signing_desk.engine) as sent:
        second = await load(signing_desk, session_id)

    assert replace(second, also={}) == replace(first, also={})
    assert len(sent) == 1
    assert "users" not in sent[0].query


async def test_a_change_is_seen_at_the_next_use(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme, bob, session_id = await running(engine, signing_desk)
    await load(signing_desk, session_id)
    await load(signing_desk, session_id)

    await rename(acme, bob)

    assert (await load(signing_desk, session_id)).target.display_name == "Robert"
    assert (await load(signing_desk, session_id)).target.display_name == "Robert"


async def test_a_session_that_was_ended_is_over_though_all_else_is_known(
    engine: AsyncEngine, signing_desk: Desk
) -> None:
    _, _, session_id = await running(engine, signing_desk)
    await load(signing_desk, session_id)

    await signing_desk.run(revoke, session_id=session_id, by="operator")

    with pytest.raises(SessionNotRunningError):
        await load(signing_desk, session_id)


async def test_what_was_kept_under_another_revision_is_forgotten(engine: AsyncEngine, signing_desk: Desk) -> None:
    _, _, session_id = await running(engine, signing_desk)
    live, known = await load(signing_desk, session_id), Surroundings()
    known.keep(live, NOW)

    assert known.find(session_id, live.tenant.revision) is not None
    assert known.find(session_id, live.tenant.revision + 1) is None
    assert not known.know(session_id, NOW)


async def test_it_is_read_whole_again_after_a_minute_whatever_the_clock_does(
    engine: AsyncEngine, signing_desk: Desk
) -> None:
    _, _, session_id = await running(engine, signing_desk)
    live, known = await load(signing_desk, session_id), Surroundings()
    known.keep(live, NOW)

    assert known.know(session_id, NOW + KEPT_FOR - timedelta(seconds=1))
    assert not known.know(session_id, NOW + KEPT_FOR)
    assert not known.know(session_id, NOW - timedelta(seconds=1))


async def test_sessions_of_people_with_large_profiles_are_not_kept(engine: AsyncEngine, signing_desk: Desk) -> None:
    _, _, session_id = await running(engine, signing_desk)
    live, known = await load(signing_desk, session_id), Surroundings()
    profile = replace(live.target.profile, attributes={"notes": "x" * LARGEST})

    known.keep(replace(live, target=replace(live.target, profile=profile)), NOW)

    assert not known.know(session_id, NOW)


async def test_no_more_sessions_are_remembered_than_that(engine: AsyncEngine, signing_desk: Desk) -> None:
    _, _, session_id = await running(engine, signing_desk)
    live, known = await load(signing_desk, session_id), Surroundings()

    for number in range(REMEMBERED + 1):
        known.keep(replace(live, session=replace(live.session, id=UUID(int=number))), NOW)

    assert not known.know(UUID(int=0), NOW)
    assert known.know(UUID(int=1), NOW)
    assert known.know(UUID(int=REMEMBERED), NOW)


async def test_roles_are_kept_once_whoever_holds_them(engine: AsyncEngine, signing_desk: Desk) -> None:
    _, _, session_id = await running(engine, signing_desk)
    live, known = await load(signing_desk, session_id), Surroundings()
    other = replace(live.target, roles=tuple(replace(role) for role in live.target.roles))
    known.keep(live, NOW)

    known.keep(replace(live, session=replace(live.session, id=UUID(int=1)), target=other), NOW)

    first, second = (known.find(each, live.tenant.revision) for each in (session_id, UUID(int=1)))
    assert first is not None
    assert second is not None
    assert second.target.roles
    assert all(one is another for one, another in zip(first.target.roles, second.target.roles, strict=True))
