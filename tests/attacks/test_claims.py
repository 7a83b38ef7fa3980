"""What a token says comes from the directory and the session, as they are now, and from nobody's request."""

from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import TOKEN, Scene, bearer, claims_of
from builders import SECRET, active_sessions, session_row
from impersonator_api.directory.tables import clients, memberships, tenants, user_roles, users

PROTECTED = ("impersonated_by", "impersonatedBy", "act", "sid", "sub", "roles", "exp", "scope", "tenant", "aud")
INVARIANT = ("sub", "sid", "act", "impersonated_by", "impersonatedBy", "client_id", "azp", "aud", "tenant", "mode")


@pytest.mark.parametrize("claim", PROTECTED)
async def test_a_client_cannot_write_impersonated_by(scene: Scene, claim: str) -> None:
    as_member = await scene.doors.start(scene.ana_token, scene.bob, **{claim: "mallory"})
    started = await scene.started(metadata={claim: "mallory"})
    refreshed = (await scene.refreshed(started, **{claim: "mallory"})).json()

    assert as_member.status_code == 422
    for token in (started["access_token"], started["refresh_token"]):
        assert claims_of(token).get(claim) != "mallory"
    if claim != "scope":  # which a refresh may narrow, and mallory is no scope
        assert claims_of(refreshed["access_token"]).get(claim) != "mallory"
        assert claims_of(refreshed["access_token"])["act"]["sub"] == str(scene.ana.id)


async def test_a_service_cannot_write_them_either(scene: Scene) -> None:
    service = await scene.doors.service_token(scene.backoffice)
    body: dict[str, Any] = dict.fromkeys(PROTECTED, "mallory") | {"impersonatorToken": scene.ana_token}
    path = f"/api/v1/users/{scene.bob.id}/impersonation/{scene.spa}"

    handed = (await scene.doors.http.post(path, json=body, headers=bearer(service))).raise_for_status().json()

    claims = claims_of(handed["refresh_token"])
    assert (claims["sub"], claims["act"]["sub"]) == (str(scene.bob.id), str(scene.ana.id))
    assert "mallory" not in str(claims)


async def test_refresh_after_refresh_keeps_the_actor(scene: Scene) -> None:
    started = await scene.started()
    tokens = started
    for _ in range(10):
        tokens = (await scene.doors.refresh(tokens["refresh_token"], scene.spa)).raise_for_status().json()

    first, last = claims_of(started["access_token"]), claims_of(tokens["access_token"])
    assert {name: last[name] for name in INVARIANT} == {name: first[name] for name in INVARIANT}
    seen = (await scene.doors.userinfo(tokens["access_token"])).json()
    assert (seen["act"], seen["sid"]) == (first["act"], first["sid"])


async def test_roles_are_not_frozen_at_issue(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    role = {"user_id": scene.bob.id, "role_id": await scene.acme.role("newsletter")}
    async with engine.begin() as db:
        await db.execute(update(tenants).where(tenants.c.id == scene.acme.id).values(revision=tenants.c.revision + 1))
        await db.execute(delete(user_roles).where(user_roles.c.user_id == scene.bob.id))
        await db.execute(insert(user_roles).values(role))

    refreshed = (await scene.refreshed(started)).raise_for_status().json()

    assert claims_of(started["access_token"])["roles"] == ["customer"]
    assert claims_of(refreshed["access_token"])["roles"] == ["newsletter"]
    assert (await scene.doors.userinfo(refreshed["access_token"])).json()["roles"] == ["newsletter"]


async def test_permissions_are_what_the_target_still_holds(scene: Scene) -> None:
    workspace = await scene.acme.workspace("north", bob=(scene.bob, ["ticket.read", "ticket.reply"]))
    started = await scene.started(workspace_id="north", permissions=["ticket.read", "ticket.reply"])
    condition = memberships.c.workspace_id == workspace
    await scene.acme.change(memberships, condition, permissions=["ticket.read", "ticket.delete"])

    refreshed = (await scene.refreshed(started)).raise_for_status().json()

    assert claims_of(started["access_token"])["permissions"] == ["ticket.read", "ticket.reply"]
    assert claims_of(refreshed["access_token"])["permissions"] == ["ticket.read"]


@pytest.mark.parametrize("scope", ["profile root", "impersonation", "offline_access profile openid", "*"])
async def test_a_refresh_widens_nothing(scene: Scene, scope: str) -> None:
    started = await scene.started()

    answer = await scene.refreshed(started, scope=scope)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("scope", ["root", "write_user read_user", "*"])
async def test_a_service_gets_no_scope_it_is_not_registered_for(scene: Scene, scope: str) -> None:
    narrow = await scene.acme.client("narrow", kind="service", scopes=["read_user"])
    form = {"grant_type": "client_credentials", "scope": scope}
    answer = await scene.doors.http.post(TOKEN, data=form, auth=(narrow, SECRET))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_service_without_the_scope_hands_out_nobodys_tokens(engine: AsyncEngine, scene: Scene) -> None:
    service = await scene.doors.service_token(scene.backoffice, "read_user")

    answer = await scene.doors.on_behalf(service, scene.ana_token, scene.bob, scene.spa)

    assert answer.status_code == 403
    assert await active_sessions(engine, scene.ana) == []


@pytest.mark.parametrize("what", ["permissions", "workspace", "duration", "end"])
async def test_no_wish_goes_beyond_what_is_granted(engine: AsyncEngine, scene: Scene, what: str) -> None:
    await scene.acme.workspace("north", bob=(scene.bob, ["ticket.read"]))
    wishes: dict[str, dict[str, Any]] = {
        "permissions": {"workspace_id": "north", "permissions": ["ticket.read", "*"]},
        "workspace": {"permissions": ["ticket.read"]},
        "duration": {"duration_seconds": 3601},
        "end": {"expires_at": "9999-12-31T23:59:59Z"},
    }

    answer = await scene.doors.start(scene.ana_token, scene.bob, **wishes[what])

    assert answer.status_code in {403, 422}
    assert await active_sessions(engine, scene.ana) == []


@pytest.mark.parametrize("who", ["target", "impersonator", "client"])
async def test_who_was_suspended_is_out_at_the_next_use(engine: AsyncEngine, scene: Scene, who: str) -> None:
    started = await scene.started()
    rows = {
        "target": (users, users.c.id == scene.bob.id),
        "impersonator": (users, users.c.id == scene.ana.id),
        "client": (clients, clients.c.client_id == scene.spa),
    }
    table, condition = rows[who]
    await scene.acme.change(table, condition, status="suspended")

    refreshed = await scene.refreshed(started)

    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert (await scene.doors.userinfo(started["access_token"])).status_code == 401
    assert (await session_row(engine, started["session_id"])).end_reason == f"{who}_changed"
