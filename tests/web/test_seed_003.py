"""The doors of seed 003: its envelope and words, our laws."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import claims_of
from builders import SUPPORT_POLICY, Organisation, Someone, make_tenant, start
from conftest import ActingAs, Clock
from impersonator_api.work import Desk

STARTED = {
    "id",
    "impersonatorId",
    "impersonatedUserId",
    "status",
    "startedAt",
    "expiresAt",
    "reason",
    "workspaceId",
    "permissions",
    "metadata",
    "isActive",
    "token",
    "accessToken",
    "refreshToken",
    "expiresIn",
}


async def set_up(engine: AsyncEngine) -> tuple[Organisation, Someone, Someone]:
    acme = await make_tenant(engine)
    return acme, await acme.person("ana", "super_admin"), await acme.person("bob", "customer")


async def begin(http: AsyncClient, target: Someone, **more: Any) -> dict[str, Any]:
    answer = await http.post("/impersonation/start", json={"impersonatedUserId": str(target.id), **more})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_a_start_answers_in_the_envelope(engine: AsyncEngine, acting_as: ActingAs) -> None:
    _, ana, bob = await set_up(engine)
    http = await acting_as(ana)

    answer = await http.post("/impersonation/start", json={"impersonatedUserId": str(bob.id), "reason": "Locked out"})

    assert (answer.status_code, answer.json()["message"]) == (201, "Impersonation started successfully")
    data = answer.json()["data"]
    assert data.keys() >= STARTED
    assert (data["status"], data["token"] == data["accessToken"]) == ("active", True)
    assert data["metadata"]["ipAddress"] == "192.0.2.7"


async def test_a_second_start_is_a_conflict(engine: AsyncEngine, acting_as: ActingAs) -> None:
    _, ana, bob = await set_up(engine)
    http = await acting_as(ana)
    await begin(http, bob)

    answer = await http.post("/impersonation/start", json={"impersonatedUserId": str(bob.id)})

    assert (answer.status_code, answer.json()["code"]) == (409, "session-already-active")


async def test_a_policy_may_let_a_second_start_replace_the_first(engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme, ana, bob = await set_up(engine)
    await acme.policy(SUPPORT_POLICY | {"on_active": "replace"})
    http = await acting_as(ana)
    first = await begin(http, bob, reason="Locked out since Monday")

    second = await begin(http, bob, reason="Locked out since Monday")

    bearer = {"Authorization": f"Bearer {first['token']}"}
    assert (await http.get("/impersonation/context", headers=bearer)).status_code == 401
    assert (await http.get("/impersonation/active")).json()["data"]["id"] == second["id"]


async def test_a_start_is_held_to_workspace_and_permissions(engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme, ana, bob = await set_up(engine)
    await acme.workspace("north", bob=(bob, ["ticket.read"]))
    http = await acting_as(ana)
    wish = {"impersonatedUserId": str(bob.id), "workspaceId": "north"}

    too_much = await http.post("/impersonation/start", json={**wish, "permissions": ["ticket.read", "invoice.read"]})
    elsewhere = await http.post("/impersonation/start", json={**wish, "workspaceId": "south"})
    data = await begin(http, bob, workspaceId="north", permissions=["ticket.read"])

    assert (too_much.status_code, too_much.json()["code"]) == (403, "permission-exceeds")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "workspace-unknown")
    claims = claims_of(data["token"])
    assert (claims["mode"], claims["permissions"], claims["workspace"]) == ("limited", ["ticket.read"], "north")


async def test_somebody_elses_session_is_stopped_with_the_right_alone(
    engine: AsyncEngine, acting_as: ActingAs, signing_desk: Desk
) -> None:
    acme, ana, bob = await set_up(engine)
    sam, lea = await acme.person("sam", "support"), await acme.person("lea", "lead")
    path = f"/impersonation/stop/{(await start(signing_desk, ana, bob)).live.session.id}"

    refused = await (await acting_as(sam)).post(path)
    unknown = await (await acting_as(lea)).post(f"/impersonation/stop/{acme.id}")
    stopped = await (await acting_as(lea)).post(path)

    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-session")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "session-unknown")
    assert (stopped.status_code, stopped.json()["success"]) == (200, True)


@pytest.mark.parametrize(("token", "message"), [("own", "stopped"), ("impersonation", "stopped")])
async def test_stop_works_with_either_token(engine: AsyncEngine, acting_as: ActingAs, token: str, message: str) -> None:
    _, ana, bob = await set_up(engine)
    http = await acting_as(ana)
    data = await begin(http, bob)
    headers = {"Authorization": f"Bearer {data['token']}"} if token == "impersonation" else {}

    answer = await http.post(f"/impersonation/stop/{data['id']}", headers=headers)

    assert answer.json() == {"success": True, "data": None, "message": f"Impersonation {message} successfully"}
    nothing = {"success": True, "data": None, "message": "No active session"}
    assert (await http.get("/impersonation/active")).json() == nothing


async def test_active_and_context_tell_a_banner_what_it_needs(engine: AsyncEngine, acting_as: ActingAs) -> None:
    _, ana, bob = await set_up(engine)
    http = await acting_as(ana)
    data = await begin(http, bob)
    bearer = {"Authorization": f"Bearer {data['token']}"}

    contexts = [(await http.get("/impersonation/context", headers=headers)).json()["data"] for headers in ({}, bearer)]

    assert contexts[0] == contexts[1]
    assert contexts[0]["impersonator"] == {"id": str(ana.id), "email": ana.email, "displayName": "Ana"}
    assert (contexts[0]["isImpersonated"], contexts[0]["impersonatedUser"]["id"]) == (True, str(bob.id))
    active = (await http.get("/impersonation/active")).json()
    assert (active["data"]["id"], active["message"]) == (data["id"], "Active session found")


async def test_users_are_those_whom_the_caller_may_act_as(engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme, ana, bob = await set_up(engine)
    await acme.policy(SUPPORT_POLICY)
    sam = await acme.person("sam", "support")
    await acme.person("zoe", "customer", status="suspended")
    carol = await acme.person("carol", "customer")

    http = await acting_as(sam)
    seen = (await http.get("/impersonation/users")).json()["data"]
    searched = (await http.get("/impersonation/users", params={"q": "car"})).json()["data"]

    assert [user["email"] for user in seen] == [bob.email, carol.email]
    assert [user["email"] for user in searched] == [carol.email]
    assert ana.email not in str(seen)


async def test_history_is_the_callers_own_and_all_active_needs_the_right(
    engine: AsyncEngine, acting_as: ActingAs, signing_desk: Desk
) -> None:
    acme, ana, bob = await set_up(engine)
    await acme.policy(SUPPORT_POLICY)
    sam, lea = await acme.person("sam", "support"), await acme.person("lea", "lead")
    own = (await start(signing_desk, sam, bob)).live.session.id
    await start(signing_desk, ana, bob)

    http = await acting_as(sam)
    history = (await http.get("/impersonation/history")).json()["data"]
    refused = await http.get("/impersonation/admin/all-active")
    http = await acting_as(lea)
    everybody = (await http.get("/impersonation/admin/all-active")).json()["data"]

    assert [session["id"] for session in history] == [str(own)]
    assert refused.status_code == 403
    assert len(everybody) == 2


@pytest.mark.parametrize("path", ["users", "history"])
async def test_a_list_is_as_long_as_it_is_asked_for(
    engine: AsyncEngine, acting_as: ActingAs, signing_desk: Desk, clock: Clock, path: str
) -> None:
    acme, ana, bob = await set_up(engine)
    await start(signing_desk, ana, await acme.person("carol", "customer"))
    clock.forward(seconds=1)
    newest = (await start(signing_desk, ana, bob)).live.session.id
    firsts = {"users": str(bob.id), "history": str(newest)}
    http = await acting_as(ana)

    (first,) = (await http.get(f"/impersonation/{path}", params={"limit": 1})).json()["data"]
    refused = [await http.get(f"/impersonation/{path}", params={"limit": limit}) for limit in ("0", "201", "ten")]

    assert first["id"] == firsts[path]
    assert [answer.status_code for answer in refused] == [422, 422, 422]


async def test_check_permissions_answers_without_a_body_and_starts_nothing(
    engine: AsyncEngine, acting_as: ActingAs
) -> None:
    acme, ana, bob = await set_up(engine)
    await acme.policy(SUPPORT_POLICY)
    sam = await acme.person("sam", "support")

    http = await acting_as(sam)
    anybody = (await http.post("/impersonation/check-permissions")).json()["data"]
    asked = {"impersonatedUserId": str(bob.id)}
    about_bob = (await http.post("/impersonation/check-permissions", json=asked)).json()["data"]
    asked = {"impersonatedUserId": str(ana.id)}
    about_ana = (await http.post("/impersonation/check-permissions", json=asked)).json()["data"]
    http = await acting_as(bob)
    by_bob = (await http.post("/impersonation/check-permissions")).json()["data"]

    assert (anybody["canImpersonate"], by_bob["canImpersonate"]) == (True, False)
    assert (about_bob["canImpersonate"], about_bob["obligations"]) == (True, ["reason-required"])
    assert (about_ana["canImpersonate"], about_ana["law"]) == (False, "only-downwards")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"impersonatedUserId": "self"}, 400, "cannot-impersonate-self"),
        ({"impersonatedUserId": "4711"}, 404, "target-unknown"),
        ({"impersonatedUserId": "bob", "expiresAt": -60}, 422, "expires-in-the-past"),
        ({"impersonatedUserId": "bob", "expiresAt": 7200}, 422, "duration-exceeds"),
        ({"impersonatedUserId": "bob", "permissions": ["x"]}, 403, "permission-exceeds"),
        ({"impersonated_user_id": "bob"}, 422, "invalid-request"),
    ],
)
async def test_what_cannot_be_is_refused(
    engine: AsyncEngine, acting_as: ActingAs, clock: Clock, body: dict[str, Any], status: int, code: str
) -> None:
    _, ana, bob = await set_up(engine)
    http = await acting_as(ana)
    ids = {"self": str(ana.id), "bob": str(bob.id)}
    sent: dict[str, Any] = {name: ids.get(str(value), value) for name, value in body.items()}
    if "expiresAt" in sent:
        sent["expiresAt"] = (clock() + timedelta(seconds=sent["expiresAt"])).isoformat()

    answer = await http.post("/impersonation/start", json=sent)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_expiry_is_honoured(engine: AsyncEngine, acting_as: ActingAs, clock: Clock) -> None:
    _, ana, bob = await set_up(engine)
    http = await acting_as(ana)
    until = clock() + timedelta(minutes=2)

    data = await begin(http, bob, expiresAt=until.isoformat())
    clock.forward(minutes=3)

    assert data["expiresAt"] == until.isoformat().replace("+00:00", "Z")
    bearer = {"Authorization": f"Bearer {data['token']}"}
    assert (await http.get("/impersonation/context", headers=bearer)).status_code == 401
