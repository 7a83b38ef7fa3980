"""An ended session, however it ended, is dead at every door at once, and no trick makes it live longer."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import TokenOf
from attacks.doors import LOGOUT, Scene, bearer, claims_of
from builders import active_sessions, audit_of, session_row
from conftest import Clock

HOW = ("stopped", "logged out", "by its own token", "revoked", "replaced", "given back", "expired")


async def statuses_at_every_door(scene: Scene, started: dict[str, Any]) -> dict[str, int]:
    """What the session's own tokens are answered."""
    doors, access = scene.doors, started["access_token"]
    service = await doors.service_token(scene.backoffice)
    answers = {
        "userinfo": await doors.userinfo(access),
        "start": await doors.start(access, scene.bob),
        "end": await doors.end(access),
        "end by id": await doors.end(access, started["session_id"]),
        "list": await doors.list(access),
        "logout": await doors.http.post(LOGOUT, data={"a": "b"}, headers=bearer(access)),
        "context": await doors.http.get("/impersonation/context", headers=bearer(access)),
        "active": await doors.http.get("/impersonation/active", headers=bearer(access)),
        "show": await doors.show(access, started["session_id"]),
        "on behalf, as bearer": await doors.on_behalf(access, scene.ana_token, scene.bob, scene.spa),
        "on behalf, as impersonator": await doors.on_behalf(service, access, scene.bob, scene.spa),
        "refresh": await scene.refreshed(started),
        "hand-over": await scene.handed_over(started),
    }
    return {door: answer.status_code for door, answer in answers.items()}


async def finish(scene: Scene, started: dict[str, Any], how: str, token_of: TokenOf, clock: Clock) -> None:
    """End a session in one of the ways there are."""
    match how:
        case "stopped":
            (await scene.doors.end(scene.ana_token)).raise_for_status()
        case "by its own token":
            (await scene.doors.end(started["access_token"])).raise_for_status()
        case "revoked":
            lead = await token_of(await scene.acme.person("lea", "lead"))
            (await scene.doors.end(lead, started["session_id"])).raise_for_status()
        case "replaced":
            await scene.started()
        case "logged out":
            headers = bearer(started["access_token"])
            (await scene.doors.http.post(LOGOUT, data={"a": "b"}, headers=headers)).raise_for_status()
        case "given back":
            (await scene.doors.revoke(started["refresh_token"], scene.spa)).raise_for_status()
        case _:
            clock.forward(minutes=30)


@pytest.mark.parametrize("how", HOW)
async def test_a_stopped_sessions_token_is_dead_at_every_door(
    scene: Scene, token_of: TokenOf, clock: Clock, how: str
) -> None:
    started = await scene.started()
    await finish(scene, started, how, token_of, clock)

    statuses = await statuses_at_every_door(scene, started)
    tokens = (started["access_token"], started["refresh_token"])
    told = [await scene.doors.introspect(token, scene.backoffice) for token in tokens]

    assert (statuses.pop("refresh"), statuses.pop("hand-over")) == (400, 400)
    assert set(statuses.values()) == {401}
    assert [answer.json() for answer in told] == [{"active": False}] * 2


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
