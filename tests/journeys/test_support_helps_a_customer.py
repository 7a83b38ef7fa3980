"""Support helps a locked-out customer through a SPA: start, use, refresh, look, end, and nothing works afterwards."""

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SUPPORT_POLICY, audit_of, make_tenant
from conftest import ActingAs, Clock


async def refresh(http: httpx.AsyncClient, token: str, client_id: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id}
    request = http.build_request("POST", "/oauth2/v1/token", data=form)
    # The SPA knows nothing of Sam's own token.
    del request.headers["Authorization"]
    return await http.send(request)


async def userinfo(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.get("/oauth2/v1/userinfo", headers={"Authorization": f"Bearer {token}"})


async def test_support_helps_a_locked_out_customer(engine: AsyncEngine, acting_as: ActingAs, clock: Clock) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY)
    sam, bob = await acme.person("sam", "support"), await acme.person("bob", "customer")
    await acme.workspace("north", bob=(bob, ["ticket.read", "ticket.reply"]))
    spa = await acme.client("dashboard")
    http = await acting_as(sam)

    # Sam starts, with a reason.
    wish = {
        "target_user_id": bob.external_id,
        "client_id": spa,
        "reason": "Locked out, SUP-4711",
        "workspace_id": "north",
    }
    started = (await http.post("/api/admin/impersonate", json=wish)).raise_for_status().json()
    assert started["target_user"]["email"] == bob.email
    assert started["session"]["is_active"]

    # The SPA sees Bob, and that Sam is acting.
    seen = (await userinfo(http, started["access_token"])).raise_for_status().json()
    assert (seen["authId"], seen["sid"]) == (str(bob.id), started["session_id"])
    assert seen["act"]["sub"] == seen["impersonated_by"] == str(sam.id)

    # Four minutes later it refreshes.
    clock.forward(minutes=4)
    tokens = (await refresh(http, started["refresh_token"], spa)).raise_for_status().json()
    assert (await userinfo(http, tokens["access_token"])).json()["act"] == seen["act"]

    # Sam finds his session, and ends it.
    listed = (await http.get("/api/admin/impersonate/sessions", params={"status": "active"})).raise_for_status().json()
    assert [session["id"] for session in listed["sessions"]] == [started["session_id"]]
    ended = (await http.post("/api/admin/impersonate/end")).raise_for_status().json()
    assert (ended["session_id"], ended["duration_seconds"]) == (started["session_id"], 240)

    # Everything is dead at once.
    assert (await userinfo(http, tokens["access_token"])).status_code == 401
    dead = await refresh(http, tokens["refresh_token"], spa)
    assert (dead.status_code, dead.json()["error"]) == (400, "invalid_grant")
    assert (await http.post("/api/admin/impersonate/end")).status_code == 404

    # And it is all remembered.
    actions = {entry.action for entry in await audit_of(engine, acme)}
    assert actions == {"session.started", "session.refreshed", "session.ended"}
