"""The doors of seed 003 tell nobody more, and let nobody do more, than the admin API does."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import TokenOf
from attacks.doors import Scene, bearer
from builders import Someone, active_sessions, session_row


async def get(scene: Scene, path: str, token: str, **query: str) -> httpx.Response:
    return await scene.doors.http.get(f"/impersonation/{path}", params=query, headers=bearer(token))


async def post(scene: Scene, path: str, token: str, **body: object) -> httpx.Response:
    return await scene.doors.http.post(f"/impersonation/{path}", json=body, headers=bearer(token))


@pytest.mark.parametrize("target", ["somebody", "oneself", "nobody", "another tenant's"])
async def test_who_may_act_as_nobody_cannot_find_out_who_exists(scene: Scene, elsewhere: Scene, target: str) -> None:
    ids = {"somebody": scene.ana.id, "oneself": scene.bob.id, "nobody": uuid4(), "another tenant's": elsewhere.bob.id}

    answer = await post(scene, "check-permissions", scene.bob_token, impersonatedUserId=str(ids[target]))

    assert answer.status_code == 200
    assert answer.json()["data"] == (await post(scene, "check-permissions", scene.bob_token)).json()["data"]


async def test_the_target_cannot_stop_the_session(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()

    answer = await post(scene, f"stop/{started['session_id']}", scene.bob_token)

    assert answer.status_code == 403
    assert (await session_row(engine, started["session_id"])).status == "active"


async def test_nobodys_sessions_are_told_to_the_target_or_a_colleague(scene: Scene, token_of: TokenOf) -> None:
    await scene.started()
    colleague = await token_of(await scene.acme.person("sam", "support"))

    told = [await get(scene, "context", token) for token in (scene.bob_token, colleague)]
    active, history = await get(scene, "active", colleague), await get(scene, "history", colleague)
    everybodys = await get(scene, "admin/all-active", colleague)

    assert [answer.json()["data"] for answer in (*told, active)] == [None, None, None]
    assert history.json()["data"] == []
    assert everybodys.status_code == 403


async def test_a_right_held_in_one_workspace_lists_nobodys_sessions(scene: Scene, token_of: TokenOf) -> None:
    await scene.started()
    mallory = await scene.acme.person("mallory", "customer")
    await scene.acme.workspace("north", mallory=(mallory, ["*"]))

    answer = await get(scene, "admin/all-active", await token_of(mallory))

    assert answer.status_code == 403


async def test_only_those_one_may_act_as_are_listed(scene: Scene, elsewhere: Scene) -> None:
    hidden = [
        await scene.acme.person("peer", "super_admin"),
        await scene.acme.person("sam", "support"),
        await scene.acme.person("gone", "customer", status="suspended"),
        elsewhere.bob,
        scene.ana,
    ]

    listed = (await get(scene, "users", scene.ana_token)).json()["data"]

    assert [user["id"] for user in listed] == [str(scene.bob.id)]
    assert all(user.keys() == {"id", "email", "displayName"} for user in listed)
    assert not {str(someone.id) for someone in hidden} & {user["id"] for user in listed}


@pytest.mark.parametrize("q", ["%", "_", "%@%", "\\", "' OR 1=1 --", "\u0000x"])
async def test_a_search_has_no_wildcards(scene: Scene, q: str) -> None:
    answer = await get(scene, "users", scene.ana_token, q=q)

    assert answer.status_code == 400 if "\0" in q else answer.json()["data"] == []


async def test_the_context_names_the_real_impersonator(scene: Scene) -> None:
    started = await scene.started()

    told = [(await get(scene, "context", token)).json()["data"] for token in (started["access_token"], scene.ana_token)]

    assert told[0] == told[1]
    assert told[0]["impersonator"]["id"] == str(scene.ana.id)
    assert told[0]["impersonatedUser"]["id"] == str(scene.bob.id)


async def test_a_second_start_does_not_push_out_the_first(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    carol: Someone = await scene.acme.person("carol", "customer")

    answer = await post(scene, "start", scene.ana_token, impersonatedUserId=str(carol.id))

    assert (answer.status_code, answer.json()["code"]) == (409, "session-already-active")
    assert [str(each.id) for each in await active_sessions(engine, scene.ana)] == [started["session_id"]]
