"""Nobody learns more, or ends more, through the admin panel's doors than its token's scope and tenant allow."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import TokenOf
from attacks.doors import Scene
from builders import active_sessions, audit_of, session_row
from impersonator_api.directory.tables import clients

DOORS = ("user", "active-sessions", "consented-apps", "apps", "end", "withdraw")
ENOUGH = {"read_user": DOORS[:3], "read_app": DOORS[3:4], "write_user": DOORS[4:]}
"""Which doors each scope opens."""


async def ask(scene: Scene, door: str, token: str, session_id: str = str(uuid4())) -> httpx.Response:
    """One request at a door of the panel, about Bob."""
    match door:
        case "apps":
            return await scene.doors.apps(token)
        case "end":
            return await scene.doors.end_targeting(token, scene.bob, session_id)
        case "withdraw":
            return await scene.doors.withdraw(token, scene.bob, scene.spa)
        case _:
            return await scene.doors.user(token, scene.bob, "" if door == "user" else door)


@pytest.mark.parametrize("scope", [*ENOUGH, "impersonation", "introspect", "READ_USER", "read_users", "root2"])
async def test_a_scope_opens_no_door_of_another(engine: AsyncEngine, scene: Scene, scope: str) -> None:
    service = await scene.acme.client("scoped", kind="service", scopes=[scope])
    token, started = await scene.doors.service_token(service, scope), await scene.started()
    closed = [door for door in DOORS if door not in ENOUGH.get(scope, ())]

    answers = [await ask(scene, door, token, started["session_id"]) for door in closed]

    assert {answer.json()["code"] for answer in answers} == {"impersonation-not-permitted"}
    assert (await session_row(engine, started["session_id"])).status == "active"
    refused = [entry for entry in await audit_of(engine, scene.acme) if entry.action == "session.refused"]
    assert [entry.impersonator_label for entry in refused] == [service] * len(closed)


async def test_a_token_is_good_for_the_scope_that_was_asked_for_not_for_all_its_service_has(scene: Scene) -> None:
    token = await scene.doors.service_token(scene.backoffice, "read_user")

    answers = [await ask(scene, door, token) for door in ("apps", "end", "withdraw")]

    assert {answer.status_code for answer in answers} == {403}
    assert [answer.headers["www-authenticate"] for answer in answers] == [
        f'Bearer error="insufficient_scope", scope="{scope}"' for scope in ("read_app", "write_user", "write_user")
    ]


async def test_no_scope_is_asked_of_a_person(scene: Scene) -> None:
    answer = await ask(scene, "apps", scene.ana_token)

    assert answer.status_code == 403
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("door", ["user", "active-sessions", "consented-apps"])
async def test_who_lacks_the_scope_cannot_find_out_who_exists(scene: Scene, door: str) -> None:
    part = "" if door == "user" else door
    names = (scene.bob, "nobody-at-all", "%20", str(uuid4()))

    answers = [(await scene.doors.user(scene.ana_token, name, part)).json() for name in names]

    assert {(answer["code"], answer["detail"]) for answer in answers} == {
        ("impersonation-not-permitted", "This needs a service's token with the scope root or read_user.")
    }


@pytest.mark.parametrize("door", [door for door in DOORS if door != "apps"])
async def test_nobody_of_another_tenant_exists(engine: AsyncEngine, scene: Scene, elsewhere: Scene, door: str) -> None:
    await scene.acme.consent(scene.bob, scene.spa, ["profile"])
    started, token = await scene.started(), await elsewhere.doors.service_token(elsewhere.backoffice)

    answer = await ask(scene, door, token, started["session_id"])

    assert (answer.status_code, answer.json()["code"]) == (404, "target-unknown")
    assert (await session_row(engine, started["session_id"])).status == "active"


async def test_another_tenants_session_is_not_ended_by_naming_an_own_user(
    engine: AsyncEngine, scene: Scene, elsewhere: Scene
) -> None:
    started, token = await scene.started(), await elsewhere.doors.service_token(elsewhere.backoffice)

    ended = await scene.doors.end_targeting(token, elsewhere.bob, started["session_id"])
    withdrawn = await scene.doors.withdraw(token, elsewhere.bob, scene.spa)

    assert (ended.json()["code"], withdrawn.json()["code"]) == ("session-unknown", "client-unknown")
    assert (await session_row(engine, started["session_id"])).status == "active"


@pytest.mark.usefixtures("scene")
async def test_another_tenants_clients_are_not_listed(elsewhere: Scene) -> None:
    token = await elsewhere.doors.service_token(elsewhere.backoffice)

    apps = (await elsewhere.doors.apps(token)).raise_for_status().json()["apps"]

    assert {app["clientId"] for app in apps} == {elsewhere.spa, elsewhere.backoffice}


async def test_the_target_ends_nothing_and_sees_nothing_here(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()

    answers = [await ask(scene, door, scene.bob_token, started["session_id"]) for door in DOORS]

    assert {answer.json()["code"] for answer in answers} == {"impersonation-not-permitted"}
    assert (await session_row(engine, started["session_id"])).status == "active"


async def test_whoever_acts_as_the_user_withdraws_no_consent_and_ends_no_session(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf
) -> None:
    lea = await scene.acme.person("lea", "super_admin")
    of_lea = (await scene.doors.start(await token_of(lea), scene.bob)).raise_for_status().json()
    started = await scene.started()

    answers = [await ask(scene, door, started["access_token"], of_lea["session_id"]) for door in DOORS]

    assert {answer.json()["code"] for answer in answers} == {"impersonation-token-not-allowed"}
    assert (await session_row(engine, of_lea["session_id"])).status == "active"


async def test_a_suspended_service_is_turned_away(scene: Scene) -> None:
    token = await scene.doors.service_token(scene.backoffice)
    await scene.acme.change(clients, clients.c.client_id == scene.backoffice, status="suspended")

    answers = [await ask(scene, door, token) for door in DOORS]

    assert {answer.json()["code"] for answer in answers} == {"caller-suspended"}


async def test_no_token_and_no_secret_is_shown(scene: Scene) -> None:
    await scene.started()
    token = await scene.doors.service_token(scene.backoffice)

    told = "".join([(await ask(scene, door, token)).text for door in DOORS])

    assert "eyJ" not in told
    assert "secret" not in told.lower()
    assert "digest" not in told


async def test_no_session_outlives_a_consent_that_is_withdrawn_while_sessions_start(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf
) -> None:
    await scene.acme.change(clients, clients.c.client_id == scene.spa, consent_required=True)
    await scene.acme.consent(scene.bob, scene.spa, ["offline_access", "profile"])
    admins = [await scene.acme.person(f"admin{number}", "super_admin") for number in range(8)]
    tokens = [await token_of(admin) for admin in admins]
    service = await scene.doors.service_token(scene.backoffice)

    starts = [scene.doors.start(token, scene.bob, client_id=scene.spa) for token in tokens]
    *_, withdrawn = await asyncio.gather(*starts, scene.doors.withdraw(service, scene.bob, scene.spa))

    assert withdrawn.status_code == 204
    assert [await active_sessions(engine, admin) for admin in admins] == [[]] * 8
