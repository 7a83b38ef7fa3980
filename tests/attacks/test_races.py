"""Two things at once, in an order that the test forces or in whatever order comes: never both, never neither."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from attacks.doors import Scene, claims_of
from attacks.patient import Patient, halves_in
from builders import active_sessions, audit_of, session_row
from impersonator_api import realm, sessions
from impersonator_api.directory.tables import tenants, user_roles, users
from impersonator_api.sessions.tables import active_sessions as active_table
from impersonator_api.tokens.tables import refresh_tokens
from impersonator_api.work import Desk

AT_ONCE = 20


@asynccontextmanager
async def uncommitted(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction in the way of others; it leaves nothing behind unless it is committed."""
    async with engine.connect() as db:
        transaction = await db.begin()
        yield db
        if transaction.is_active:
            await transaction.rollback()


async def blocked(engine: AsyncEngine, number: int = 1) -> None:
    """Return when so many statements wait for a lock."""
    async with asyncio.timeout(5), engine.connect() as db:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while (await db.execute(waiting)).scalar_one() < number:  # noqa: ASYNC110  # PostgreSQL tells nobody
            await asyncio.sleep(0.01)


async def demote(scene: Scene, desk: Desk) -> None:
    """Take Ana's role away."""
    await change_role(scene, desk, "customer")


async def sweep(desk: Desk) -> None:
    """What the worker does about sessions."""
    await desk.run_in_transaction(sessions.expire_overdue)


async def change_role(scene: Scene, desk: Desk, role: str) -> None:
    """Give Ana another role, as administrators do it."""
    users = f"users: [{{external_id: {scene.ana.external_id}, roles: [{role}]}}]"
    documents = realm.read_realm(f"tenant: {scene.acme.slug}\n{users}\n".encode())
    await desk.run_in_transaction(realm.apply, documents)


async def test_a_demotion_that_commits_while_a_start_is_decided_stops_it(engine: AsyncEngine, scene: Scene) -> None:
    async with uncommitted(engine) as db:
        await db.execute(update(tenants).where(tenants.c.id == scene.acme.id).values(revision=tenants.c.revision + 1))
        await db.execute(delete(user_roles).where(user_roles.c.user_id == scene.ana.id))
        start = asyncio.create_task(scene.doors.start(scene.ana_token, scene.bob))
        await blocked(engine)
        await db.commit()
        answer = await start

    assert answer.status_code == 403
    assert await active_sessions(engine, scene.ana) == []
    assert {entry.action for entry in await audit_of(engine, scene.acme)} == {"session.refused"}


async def test_a_demotion_that_waits_for_a_start_ends_it(engine: AsyncEngine, scene: Scene, signing_desk: Desk) -> None:
    earlier = await scene.started()
    await scene.doors.end(scene.ana_token)
    async with uncommitted(engine) as db:
        slot = {"tenant_id": scene.acme.id, "impersonator_id": scene.ana.id, "slot": 0, "expires_at": func.now()}
        await db.execute(insert(active_table).values(slot | {"session_id": UUID(earlier["session_id"])}))
        start = asyncio.create_task(scene.doors.start(scene.ana_token, scene.bob))
        await blocked(engine)
        demotion = asyncio.create_task(demote(scene, signing_desk))
        await blocked(engine, 2)
    started = (await start).raise_for_status().json()
    await demotion

    assert (await session_row(engine, started["session_id"])).end_reason == "impersonator_changed"
    assert (await scene.doors.userinfo(started["access_token"])).status_code == 401
    assert await active_sessions(engine, scene.ana) == []


async def test_a_demotion_among_many_starts_leaves_none_alive(
    engine: AsyncEngine, scene: Scene, signing_desk: Desk
) -> None:
    starts = [asyncio.create_task(scene.doors.start(scene.ana_token, scene.bob)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0.05)
    await demote(scene, signing_desk)
    answers = await asyncio.gather(*starts)

    assert {answer.status_code for answer in answers} <= {200, 403, 409, 503}
    assert await active_sessions(engine, scene.ana) == []
    assert (await scene.doors.start(scene.ana_token, scene.bob)).status_code == 403


async def test_an_end_that_commits_while_a_refresh_is_decided_stops_it(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    jti = UUID(claims_of(started["refresh_token"])["jti"])
    async with uncommitted(engine) as db:
        await db.execute(select(refresh_tokens.c.id).where(refresh_tokens.c.id == jti).with_for_update())
        refresh = asyncio.create_task(scene.refreshed(started))
        await blocked(engine)
        (await scene.doors.end(scene.ana_token)).raise_for_status()
    answer = await refresh

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert {entry.action for entry in await audit_of(engine, scene.acme)} == {"session.started", "session.ended"}


async def test_ends_and_refreshes_at_once_leave_nothing_alive(scene: Scene) -> None:
    started = await scene.started()

    *refreshes, ended = await asyncio.gather(
        *[scene.refreshed(started) for _ in range(10)], scene.doors.end(scene.ana_token)
    )

    assert ended.status_code == 200
    assert {answer.status_code for answer in refreshes} <= {200, 400}
    successors = [answer.json() for answer in refreshes if answer.status_code == 200]
    for tokens in [started, *successors]:
        assert (await scene.doors.userinfo(tokens["access_token"])).status_code == 401
        assert (await scene.doors.refresh(tokens["refresh_token"], scene.spa)).status_code == 400


async def test_twenty_refreshes_at_once_have_one_successor(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()

    answers = await asyncio.gather(*[scene.refreshed(started) for _ in range(AT_ONCE)])

    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
    assert len({claims_of(answer.json()["refresh_token"])["jti"] for answer in answers}) == 1
    assert (await session_row(engine, started["session_id"])).status == "active"


@pytest.mark.parametrize("on_active", ["reject", "replace"])
async def test_twenty_starts_at_once_leave_one_active(engine: AsyncEngine, scene: Scene, on_active: str) -> None:
    rule = {"name": "admins", "impersonators": {"roles": ["super_admin"]}, "modes": ["full"]}
    await scene.acme.policy({"version": 1, "on_active": on_active, "rules": [rule]})

    answers = await asyncio.gather(*[scene.doors.start(scene.ana_token, scene.bob) for _ in range(AT_ONCE)])

    statuses = Counter(answer.status_code for answer in answers)
    (active,) = await active_sessions(engine, scene.ana)
    answered = {answer.json()["session_id"] for answer in answers if answer.status_code == 200}
    # On a slow machine the twentieth may wait too long for a connection, and is told so.
    assert set(statuses) <= {200, 409, 503}
    assert str(active.id) in answered
    started = [
        str(entry.session_id) for entry in await audit_of(engine, scene.acme) if entry.action == "session.started"
    ]
    assert sorted(started) == sorted(answered)
    for answer in answers:
        if answer.status_code == 200 and answer.json()["session_id"] != str(active.id):
            assert (await scene.doors.userinfo(answer.json()["access_token"])).status_code == 401


async def test_the_same_replay_twice_at_once_is_refused_twice_and_written_once(
    engine: AsyncEngine, scene: Scene
) -> None:
    started = await scene.started()
    first = (await scene.refreshed(started)).raise_for_status().json()
    (await scene.doors.refresh(first["refresh_token"], scene.spa)).raise_for_status()

    answers = await asyncio.gather(*[scene.refreshed(started) for _ in range(5)])

    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(400, "invalid_grant")}
    actions = Counter(entry.action for entry in await audit_of(engine, scene.acme))
    assert actions["session.ended"] == 1
    assert (await session_row(engine, started["session_id"])).end_reason == "refresh_replayed"


async def test_a_replayed_tokens_answer_keeps_its_revocation(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    first = (await scene.refreshed(started)).raise_for_status().json()
    second = (await scene.doors.refresh(first["refresh_token"], scene.spa)).raise_for_status().json()

    replay = await scene.refreshed(started)

    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert (await session_row(engine, started["session_id"])).end_reason == "refresh_replayed"
    assert (await scene.doors.refresh(second["refresh_token"], scene.spa)).status_code == 400
    for tokens in (started, first, second):
        assert (await scene.doors.userinfo(tokens["access_token"])).status_code == 401
    assert "token.replayed" in [entry.action for entry in await audit_of(engine, scene.acme)]


async def test_twenty_uses_at_once_after_a_harmless_change_all_go_through(scene: Scene) -> None:
    started = await scene.started()
    await scene.acme.change(users, users.c.id == scene.bob.id, display_name="Robert")
    token = started["access_token"]

    answers = await asyncio.gather(*[scene.doors.userinfo(token) for _ in range(AT_ONCE - 5)], scene.refreshed(started))

    assert {answer.status_code for answer in answers} == {200}


async def test_a_storm_leaves_everything_whole(patient: Patient) -> None:
    scene = patient.scene
    last: list[dict[str, Any]] = [await scene.started()]

    async def start() -> None:
        answer = await scene.doors.start(scene.ana_token, scene.bob, client_id=scene.spa)
        assert answer.status_code in {200, 403, 409, 503}
        last.extend([answer.json()] if answer.status_code == 200 else [])

    async def refresh() -> None:
        assert (await scene.refreshed(last[-1])).status_code in {200, 400, 503}

    async def hand_over() -> None:
        if last[-1]["handover_url"]:
            assert (await scene.handed_over(last[-1])).status_code in {200, 400, 503}

    async def end() -> None:
        assert (await scene.doors.end(scene.ana_token)).status_code in {200, 403, 404, 409, 503}

    for number in range(10):
        storm = [start, refresh, hand_over, end, hand_over, start, refresh, end, start]
        changes = [
            change_role(scene, patient.desk, "customer" if number % 3 == 2 else "super_admin"),
            sweep(patient.desk),
        ]
        await asyncio.gather(*changes, *[act() for act in storm])

    assert await halves_in(patient.owner) == {}
    assert len(last) > 10
