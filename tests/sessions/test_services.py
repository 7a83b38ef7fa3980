"""A service acts for itself where a rule names it, by its own rank and permissions."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, Someone, active_sessions, make_tenant, session_row
from impersonator_api import sessions
from impersonator_api.directory.tables import clients
from impersonator_api.sessions import SessionNotRunningError
from impersonator_api.work import Desk

ROBOT: dict[str, Any] = {"kind": "service", "rank": 40, "permissions": ["impersonation.start", "ticket.read"]}


def rule_for(robot: str, **changed: Any) -> dict[str, Any]:
    rule = {"name": "robots", "impersonators": {"clients": [robot]}, "modes": ["full", "limited"]}
    return {"version": 1, "rules": [rule | changed]}


async def set_up(engine: AsyncEngine, **rule: Any) -> tuple[Organisation, Someone, str]:
    acme = await make_tenant(engine)
    bob = await acme.person("bob", "customer")
    await acme.workspace("north", bob=(bob, ["ticket.read", "ticket.reply"]))
    robot = await acme.client("robot", scopes=["impersonation"], **ROBOT)
    await acme.policy(rule_for(robot, **rule))
    return acme, bob, robot


async def start_as(http: AsyncClient, robot: str, target: Someone, **wish: Any) -> Response:
    form = {"grant_type": "client_credentials"}
    token = (await http.post("/oauth2/v1/token", data=form, auth=(robot, SECRET))).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return await http.post("/api/admin/impersonate", json={"target_user_id": str(target.id), **wish}, headers=headers)


async def userinfo(http: AsyncClient, token: str) -> Response:
    return await http.get("/oauth2/v1/userinfo", headers={"Authorization": f"Bearer {token}"})


async def test_a_service_is_the_actor_by_its_client_id(engine: AsyncEngine, http: AsyncClient) -> None:
    _, bob, robot = await set_up(engine)

    started = (await start_as(http, robot, bob)).raise_for_status().json()

    seen = (await userinfo(http, started["access_token"])).json()
    assert (seen["act"]["sub"], seen["impersonated_by"], seen["sub"]) == (robot, robot, str(bob.id))
    assert started["session"]["impersonator_kind"] == "client"


async def test_a_service_acts_for_many_at_once(engine: AsyncEngine, http: AsyncClient) -> None:
    acme, bob, robot = await set_up(engine)
    carol = await acme.person("carol", "customer")

    answers = [await start_as(http, robot, target) for target in (bob, carol, bob)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(await active_sessions(engine, Someone(acme.client_ids[robot], "", "", acme))) == 3


async def test_a_rule_may_limit_how_many(engine: AsyncEngine, http: AsyncClient) -> None:
    acme, bob, robot = await set_up(engine, max_active=1)

    for _ in range(2):
        (await start_as(http, robot, bob)).raise_for_status()

    assert len(await active_sessions(engine, Someone(acme.client_ids[robot], "", "", acme))) == 1


async def test_an_intersection_takes_both_sides_permissions(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    _, bob, robot = await set_up(engine, rights="intersection")

    started = (await start_as(http, robot, bob, workspace_id="north")).raise_for_status().json()

    live = await signing_desk.run(sessions.load_live, UUID(started["session_id"]))
    held = sessions.effective_permissions(live)
    assert held == frozenset({"ticket.read"})


async def test_a_service_that_loses_its_rank_loses_its_sessions(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    acme, bob, robot = await set_up(engine)
    started = (await start_as(http, robot, bob)).raise_for_status().json()
    await acme.change(clients, clients.c.client_id == robot, rank=0)

    with pytest.raises(SessionNotRunningError):
        await signing_desk.run(sessions.load_live, UUID(started["session_id"]))

    assert (await session_row(engine, started["session_id"])).end_reason == "impersonator_changed"


async def test_a_service_without_the_permission_may_not_start(engine: AsyncEngine, http: AsyncClient) -> None:
    acme, bob, _ = await set_up(engine)
    powerless = await acme.client("powerless", kind="service", scopes=["root"])

    answer = await start_as(http, powerless, bob)

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-not-permitted")


async def test_a_services_token_without_the_scope_may_not_start(engine: AsyncEngine, http: AsyncClient) -> None:
    acme, bob, _ = await set_up(engine)
    narrow = await acme.client("narrow", scopes=["read_user"], **ROBOT)

    answer = await start_as(http, narrow, bob)

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-not-permitted")
    assert answer.json()["detail"] == "This needs a token with the scope impersonation or root."
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="impersonation"'


async def test_a_service_names_the_session_it_ends(engine: AsyncEngine, http: AsyncClient) -> None:
    acme, bob, robot = await set_up(engine)
    started = (await start_as(http, robot, bob)).raise_for_status().json()
    form = {"grant_type": "client_credentials"}
    token = (await http.post("/oauth2/v1/token", data=form, auth=(robot, SECRET))).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    unnamed = await http.post("/api/admin/impersonate/end", headers=headers)
    named = await http.post("/api/admin/impersonate/end", json={"session_id": started["session_id"]}, headers=headers)

    assert (unnamed.status_code, unnamed.json()["code"]) == (409, "several-sessions-active")
    assert named.json()["session_id"] == started["session_id"]
    assert await active_sessions(engine, Someone(acme.client_ids[robot], "", "", acme)) == []
