"""Whose session it is decides who may see and end it, and whose token it is decides who is meant."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import TokenOf
from attacks.doors import Scene
from builders import Someone, active_sessions, session_row


async def test_the_targets_own_token_cannot_end_the_session_at_the_admin_door(
    engine: AsyncEngine, scene: Scene
) -> None:
    started = await scene.started()

    bare = await scene.doors.end(scene.bob_token)
    by_id = await scene.doors.end(scene.bob_token, started["session_id"])

    assert {answer.json()["code"] for answer in (bare, by_id)} == {"impersonation-not-permitted"}
    assert (await session_row(engine, started["session_id"])).status == "active"


async def test_a_target_who_may_impersonate_others_cannot_end_the_session_either(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf
) -> None:
    await scene.acme.policy({"version": 1, "rules": [PRIVILEGED_TARGETS_TOO]})
    sam = await scene.acme.person("sam", "support")
    started = (await scene.doors.start(scene.ana_token, sam)).raise_for_status().json()
    token = await token_of(sam)

    bare, by_id = await scene.doors.end(token), await scene.doors.end(token, started["session_id"])

    assert (bare.json()["code"], by_id.json()["code"]) == ("no-active-session", "not-your-session")
    assert (await session_row(engine, started["session_id"])).status == "active"


async def test_two_impersonators_on_one_target_do_not_touch_each_other(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf
) -> None:
    lea = await scene.acme.person("lea", "super_admin")
    lea_token = await token_of(lea)
    of_ana = await scene.started()
    of_lea = (await scene.doors.start(lea_token, scene.bob)).raise_for_status().json()

    ended = (await scene.doors.end(lea_token)).raise_for_status().json()

    assert ended["session_id"] == of_lea["session_id"]
    assert (await session_row(engine, of_ana["session_id"])).status == "active"
    assert (await scene.doors.userinfo(of_ana["access_token"])).json()["act"]["sub"] == str(scene.ana.id)


async def test_an_impersonation_token_ends_no_session_but_its_own(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf
) -> None:
    lea_token = await token_of(await scene.acme.person("lea", "super_admin"))
    of_ana = await scene.started()
    of_lea = (await scene.doors.start(lea_token, scene.bob)).raise_for_status().json()

    answer = await scene.doors.end(of_ana["access_token"], of_lea["session_id"])

    assert (answer.status_code, answer.json()["code"]) == (403, "not-your-session")
    assert (await session_row(engine, of_lea["session_id"])).status == "active"


async def test_management_sees_the_real_caller_while_he_acts(scene: Scene) -> None:
    started = await scene.started()

    shown = await scene.doors.show(scene.ana_token, started["session_id"])
    ended = await scene.doors.end(scene.ana_token)

    assert shown.json()["impersonator_id"] == str(scene.ana.id)
    assert ended.json()["session_id"] == started["session_id"]


async def test_the_targets_own_sessions_outlive_an_impersonation(scene: Scene, token_of: TokenOf) -> None:
    await scene.acme.policy({"version": 1, "rules": [PRIVILEGED_TARGETS_TOO, SUPPORT_ACTS]})
    sam = await scene.acme.person("sam", "support")
    sam_token = await token_of(sam)
    of_sam = (await scene.doors.start(sam_token, scene.bob)).raise_for_status().json()
    (await scene.doors.start(scene.ana_token, sam)).raise_for_status()

    await scene.doors.end(scene.ana_token)

    assert (await scene.doors.userinfo(of_sam["access_token"])).status_code == 200
    assert (await scene.doors.userinfo(sam_token)).status_code == 200


@pytest.mark.parametrize("right", ["impersonation.read_any", "impersonation.end_any", "*"])
async def test_a_right_held_in_one_workspace_opens_no_session_outside_of_it(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf, right: str
) -> None:
    started = await scene.started()
    mallory = await scene.acme.person("mallory", "customer")
    await scene.acme.workspace("north", mallory=(mallory, [right]))
    token = await token_of(mallory)

    listed = await scene.doors.list(token)
    shown = await scene.doors.show(token, started["session_id"])
    ended = await scene.doors.end(token, started["session_id"])

    assert listed.json().get("sessions", []) == []
    assert (shown.status_code, ended.status_code) == (403, 403)
    assert (await session_row(engine, started["session_id"])).status == "active"


async def test_who_may_only_start_sees_nobody_elses_sessions(scene: Scene, token_of: TokenOf) -> None:
    started = await scene.started()
    token = await token_of(await scene.acme.person("sam", "support"))

    listed = (await scene.doors.list(token)).json()
    of_ana = (await scene.doors.list(token, impersonator=str(scene.ana.id))).json()
    shown = await scene.doors.show(token, started["session_id"])

    assert (listed["sessions"], listed["total_count"]) == ([], 0)
    assert (of_ana["sessions"], of_ana["total_count"]) == ([], 0)
    assert (shown.status_code, shown.json()["code"]) == (403, "not-your-session")


async def test_nothing_of_another_tenant_exists(engine: AsyncEngine, scene: Scene, elsewhere: Scene) -> None:
    started = await elsewhere.started()
    doors, token = scene.doors, scene.ana_token
    await elsewhere.acme.workspace("south")

    answers = {
        "target": await doors.start(token, elsewhere.bob),
        "target by external id": await doors.start(token, elsewhere.bob.external_id),
        "client": await doors.start(token, scene.bob, client_id=elsewhere.spa),
        "built-in client": await doors.start(token, scene.bob, client_id=f"impersonator:{elsewhere.acme.slug}"),
        "workspace": await doors.start(token, scene.bob, workspace_id=str(elsewhere.acme.workspace_ids["south"])),
        "end": await doors.end(token, started["session_id"]),
        "show": await doors.show(token, started["session_id"]),
        "app": await on_behalf(scene, scene.bob, elsewhere.spa),
        "user": await on_behalf(scene, elsewhere.bob, scene.spa),
    }

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 404)
    assert await active_sessions(engine, scene.ana) == []
    assert (await session_row(engine, started["session_id"])).status == "active"


async def test_a_filter_by_another_tenants_people_is_as_good_as_one_by_nobody(scene: Scene, elsewhere: Scene) -> None:
    await elsewhere.started()

    theirs = await scene.doors.list(scene.ana_token, target=str(elsewhere.bob.id))
    nobodys = await scene.doors.list(scene.ana_token, target=str(uuid4()))

    told = [(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in (theirs, nobodys)]
    assert told[0] == told[1]
    assert told[0][0] == 422


async def test_a_services_secret_opens_its_own_tenant_alone(scene: Scene, elsewhere: Scene) -> None:
    service = await elsewhere.doors.service_token(elsewhere.backoffice)

    answer = await scene.doors.on_behalf(service, scene.ana_token, scene.bob, scene.spa)

    assert answer.status_code == 403


async def test_an_external_id_in_two_tenants_names_ones_own_user(scene: Scene, elsewhere: Scene) -> None:
    await scene.acme.person("carol", "customer", external_id="1003")
    theirs = await elsewhere.acme.person("carol", "customer", external_id="1003")

    started = (await scene.doors.start(scene.ana_token, "1003")).raise_for_status().json()

    assert started["target_user"]["id"] != str(theirs.id)


async def test_an_id_that_is_another_users_external_id_names_nobody(scene: Scene) -> None:
    await scene.acme.person("mallory", "customer", external_id=str(scene.bob.id))

    answer = await scene.doors.start(scene.ana_token, scene.bob)

    assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous-user")


async def on_behalf(scene: Scene, target: Someone, app: str) -> httpx.Response:
    """Acme's own back office asks in Ana's name."""
    service = await scene.doors.service_token(scene.backoffice)
    return await scene.doors.on_behalf(service, scene.ana_token, target, app)


PRIVILEGED_TARGETS_TOO = {
    "name": "admins-act-as-support",
    "impersonators": {"roles": ["super_admin"]},
    "privileged_targets": True,
    "modes": ["full"],
}

SUPPORT_ACTS = {"name": "support-acts", "impersonators": {"roles": ["support"]}, "modes": ["full"]}


async def test_one_tenants_policy_never_answers_for_another(scene: Scene, elsewhere: Scene) -> None:
    refusing = {"version": 1, "rules": [SUPPORT_ACTS]}
    allowing = {"version": 1, "rules": [{**SUPPORT_ACTS, "impersonators": {"roles": ["super_admin"]}}]}
    await scene.acme.policy(refusing)
    await elsewhere.acme.policy(allowing)

    pairs = [
        (
            await scene.doors.start(scene.ana_token, scene.bob),
            await elsewhere.doors.start(elsewhere.ana_token, elsewhere.bob),
        )
        for _ in range(3)
    ]

    assert {(here.status_code, there.status_code) for here, there in pairs} == {(403, 200)}
