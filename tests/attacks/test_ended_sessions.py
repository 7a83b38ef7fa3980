"""An ended session comes back by no trick, and one that is overdue stands in nobody's way."""

from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import TokenOf
from attacks.doors import Scene, claims_of
from builders import active_sessions, audit_of, session_row
from conftest import Clock


async def test_a_token_of_the_last_second_does_not_double_the_sessions_life(scene: Scene, clock: Clock) -> None:
    started = await scene.started(duration_seconds=600)
    clock.forward(seconds=599)

    refreshed = (await scene.refreshed(started)).raise_for_status().json()
    clock.forward(seconds=1)

    assert claims_of(refreshed["access_token"])["exp"] == claims_of(started["refresh_token"])["exp"]
    assert claims_of(refreshed["refresh_token"])["exp"] == claims_of(started["refresh_token"])["exp"]
    assert (refreshed["expires_in"], refreshed["refresh_token_expires_in"]) == (1, 1)
    assert (await scene.doors.userinfo(refreshed["access_token"])).status_code == 401
    assert (await scene.doors.refresh(refreshed["refresh_token"], scene.spa)).status_code == 400


async def test_an_overdue_session_nobody_swept_does_not_block_its_owner(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf, clock: Clock
) -> None:
    await scene.acme.policy({"version": 1, "on_active": "reject", "rules": [ANA_ACTS]})
    overdue = await scene.started()
    clock.forward(minutes=31)

    answer = await scene.doors.start(await token_of(scene.ana), scene.bob)

    (active,) = await active_sessions(engine, scene.ana)
    assert str(active.id) == answer.raise_for_status().json()["session_id"]
    expired = await session_row(engine, overdue["session_id"])
    assert (expired.end_reason, expired.ended_at) == ("expired", expired.expires_at)
    assert "session.expired" in [entry.action for entry in await audit_of(engine, scene.acme)]


async def test_an_overdue_session_is_not_shown_as_running(scene: Scene, token_of: TokenOf, clock: Clock) -> None:
    overdue = await scene.started()
    clock.forward(minutes=31)
    token = await token_of(scene.ana)

    shown = (await scene.doors.show(token, overdue["session_id"])).json()
    running = (await scene.doors.list(token, status="active")).json()

    assert (shown["is_active"], shown["status"], shown["end_reason"]) == (False, "ended", "expired")
    assert running["sessions"] == []


async def test_ending_what_has_ended_changes_nothing(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    await scene.doors.end(scene.ana_token)
    before = await session_row(engine, started["session_id"])

    again, bare = await scene.doors.end(scene.ana_token, started["session_id"]), await scene.doors.end(scene.ana_token)

    assert (again.status_code, bare.status_code) == (409, 404)
    assert await session_row(engine, started["session_id"]) == before


ANA_ACTS = {
    "name": "ana-acts",
    "impersonators": {"roles": ["super_admin"]},
    "modes": ["full"],
    "duration": {"default": "30m", "max": "60m"},
}
