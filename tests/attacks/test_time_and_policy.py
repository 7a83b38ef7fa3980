"""What runs out by itself, and what an administrator changes under a running session."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import Scene, claims_of
from builders import session_row
from conftest import Clock
from impersonator_api.directory.tables import clients, consents


async def test_a_consent_that_runs_out_takes_the_session_with_it(
    engine: AsyncEngine, scene: Scene, clock: Clock
) -> None:
    await scene.acme.change(clients, clients.c.client_id == scene.spa, consent_required=True)
    await scene.acme.consent(scene.bob, scene.spa, ["offline_access", "profile"])
    until = clock() + timedelta(minutes=5)
    await scene.acme.change(consents, consents.c.user_id == scene.bob.id, expires_at=until)
    started = await scene.started()
    clock.forward(minutes=4)
    refreshed = (await scene.refreshed(started)).raise_for_status().json()
    clock.forward(minutes=1)

    seen = await scene.doors.userinfo(refreshed["access_token"])
    again = await scene.doors.refresh(refreshed["refresh_token"], scene.spa)

    assert (seen.status_code, again.status_code) == (401, 400)
    assert claims_of(refreshed["access_token"])["exp"] == until.timestamp()
    assert (await session_row(engine, started["session_id"])).expires_at == until


async def test_a_used_token_stays_used_when_its_client_begins_to_reuse_tokens(
    engine: AsyncEngine, scene: Scene, clock: Clock
) -> None:
    started = await scene.started()
    newest = (await scene.refreshed(started)).raise_for_status().json()
    (await scene.doors.refresh(newest["refresh_token"], scene.spa)).raise_for_status()
    await scene.acme.change(clients, clients.c.client_id == scene.spa, refresh_policy="reuse")
    clock.forward(seconds=30)

    told = await scene.doors.introspect(started["refresh_token"], scene.backoffice)
    replay = await scene.refreshed(started)

    assert told.json() == {"active": False}
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert (await session_row(engine, started["session_id"])).end_reason == "refresh_replayed"


async def test_a_retried_answer_promises_no_longer_life_than_is_left(scene: Scene, clock: Clock) -> None:
    started = await scene.started()
    first = (await scene.refreshed(started)).raise_for_status().json()
    clock.forward(seconds=9)

    again = (await scene.refreshed(started)).raise_for_status().json()

    assert again["refresh_token_expires_in"] == first["refresh_token_expires_in"] - 9
    assert again["refresh_token_expires_on"] == first["refresh_token_expires_on"]


@pytest.mark.parametrize("microseconds", [1, 400_000, 999_999])
async def test_a_session_shorter_than_a_second_is_no_fault_and_no_longer(
    scene: Scene, clock: Clock, microseconds: int
) -> None:
    ends_at = clock() + timedelta(microseconds=microseconds)

    answer = await scene.doors.start(scene.ana_token, scene.bob, expires_at=ends_at.isoformat())

    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        assert claims_of(answer.json()["access_token"])["exp"] <= ends_at.timestamp()


async def test_a_service_that_acts_for_itself_ends_what_it_began(scene: Scene) -> None:
    rule = {"name": "robots", "impersonators": {"clients": [scene.backoffice]}, "modes": ["full"]}
    await scene.acme.policy({"version": 1, "rules": [rule]})
    rights = {"rank": 10, "permissions": ["impersonation.start"]}
    await scene.acme.change(clients, clients.c.client_id == scene.backoffice, **rights)
    service = await scene.doors.service_token(scene.backoffice)
    started = (await scene.doors.start(service, scene.bob)).raise_for_status().json()

    # By its id: a service may have any number at once, so none of them is its only one.
    ended = await scene.doors.end(service, started["session_id"])

    assert claims_of(started["access_token"])["act"]["sub"] == scene.backoffice
    assert (ended.status_code, ended.json().get("session_id")) == (200, started["session_id"])
    assert (await scene.doors.userinfo(started["access_token"])).status_code == 401


async def test_a_suspended_service_is_dead_with_all_it_began(engine: AsyncEngine, scene: Scene) -> None:
    rule = {"name": "robots", "impersonators": {"clients": [scene.backoffice]}, "modes": ["full"]}
    await scene.acme.policy({"version": 1, "rules": [rule]})
    rights = {"rank": 10, "permissions": ["impersonation.start"]}
    await scene.acme.change(clients, clients.c.client_id == scene.backoffice, **rights)
    service = await scene.doors.service_token(scene.backoffice)
    started = (await scene.doors.start(service, scene.bob)).raise_for_status().json()
    await scene.acme.change(clients, clients.c.client_id == scene.backoffice, status="suspended")

    assert (await scene.doors.userinfo(started["access_token"])).status_code == 401
    assert (await scene.doors.start(service, scene.bob)).status_code == 403
    assert (await session_row(engine, started["session_id"])).end_reason == "impersonator_changed"
