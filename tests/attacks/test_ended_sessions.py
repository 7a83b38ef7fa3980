"""An ended session comes back by no trick, and one that is overdue stands in nobody's way."""

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.causes import apply_realm
from attacks.conftest import TokenOf
from attacks.crime import KEY, Crime
from attacks.doors import EXCHANGE, TOKEN, Scene, bearer, claims_of
from attacks.routes import ROUTES
from attacks.token_places import OURS, TYPE, told
from builders import SECRET, active_sessions, audit_of, session_row
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


@pytest.mark.parametrize(
    "way", ["start_enveloped", "impersonate", "exchange", "exchange_for_somebody", "refresh_by_exchange"]
)
async def test_a_session_is_over_whatever_began_it(crime: Crime, way: str) -> None:
    await ROUTES["end"].send(crime.doors.http, crime.names, bearer(crime.scene.ana_token))
    tokens = await begun(crime, way)
    session_id = claims_of(tokens[0])["sid"]
    alive = [(await crime.doors.introspect(token, crime.scene.backoffice)).json()["active"] for token in tokens]

    names = {**crime.names, "session_id": session_id}
    ended = await ROUTES["stop"].send(crime.doors.http, names, bearer(await crime.token_of(crime.lea)))

    assert (set(alive), ended.status_code) == ({True}, 200)
    for token in tokens:
        assert told(await crime.doors.introspect(token, crime.scene.backoffice)) == "200 inactive"
        assert told(await crime.doors.refresh(token, crime.scene.spa)) == "400 invalid_grant"
        assert told(await crime.doors.userinfo(token)) == "401 invalid-token"


@pytest.mark.parametrize("changed", [{"status": "suspended"}, {"rank": 0}, {"permissions": []}], ids=str)
async def test_what_a_service_began_for_itself_is_over_when_it_may_no_longer(
    engine: AsyncEngine, crime: Crime, changed: dict[str, Any]
) -> None:
    (token,) = await begun(crime, "exchange")

    await apply_realm(crime, clients=[{"client_id": crime.agent, "kind": "service", **changed}])

    assert told(await crime.doors.introspect(token, crime.scene.backoffice)) == "200 inactive"
    assert told(await crime.doors.userinfo(token)) == "401 invalid-token"
    assert (await session_row(engine, claims_of(token)["sid"])).end_reason == "impersonator_changed"


async def test_an_exchange_is_not_repeated_after_the_end(crime: Crime) -> None:
    repeated = {"subject_token": crime.started["access_token"], "subject_token_type": f"{TYPE}access_token"}
    before = [await exchanged(crime, **repeated) for _ in range(2)]
    await ROUTES["end"].send(crime.doors.http, crime.names, bearer(crime.scene.ana_token))

    after = await exchanged(crime, **repeated)

    assert [answer.status_code for answer in before] == [200, 200]
    assert (told(after), "eyJ" in after.text) == ("400 invalid_request", False)


async def begun(crime: Crime, way: str) -> list[str]:
    """Another session's tokens, begun in that way."""
    actor = {"actor_token": crime.scene.ana_token, "actor_token_type": f"{TYPE}access_token"}
    match way:
        case "exchange":
            answer = await exchanged(crime)
        case "exchange_for_somebody":
            answer = await exchanged(crime, **actor)
        case "refresh_by_exchange":
            answer = await exchanged(crime, requested_token_type=f"{TYPE}refresh_token")
        case "impersonate":
            answer = await ROUTES[way].send(crime.doors.http, crime.names, bearer(crime.service_token))
        case _:
            answer = await ROUTES[way].send(crime.doors.http, crime.names, bearer(crime.scene.ana_token))
    body = answer.raise_for_status().json()
    said = body.get("data", body)
    return [said[name] for name in ("access_token", "refresh_token", "accessToken", "refreshToken") if said.get(name)]


async def exchanged(crime: Crime, **form: str) -> httpx.Response:
    """An exchange by the agent, of Bob's bare id where nothing else is said."""
    bare_id = {"subject_token": str(crime.scene.bob.id), "subject_token_type": f"{OURS}user-id"}
    proven = {"client_id": crime.agent, "client_secret": SECRET, "grant_type": EXCHANGE}
    return await crime.doors.http.post(TOKEN, data=bare_id | proven | form, headers={"Idempotency-Key": KEY})


ANA_ACTS = {
    "name": "ana-acts",
    "impersonators": {"roles": ["super_admin"]},
    "modes": ["full"],
    "duration": {"default": "30m", "max": "60m"},
}
