"""Every kind of token at every place: what is not meant for a place is refused there, whatever else it is good for."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks import token_kinds as kinds
from attacks.doors import Scene, claims_of
from attacks.token_kinds import NOWHERE, PLACES, Crime, Kind, outcome
from builders import active_sessions, ordinary_token
from impersonator_api.work import Desk

NOT_HERE = "403 impersonation-token-not-allowed"
NO_RIGHT = "403 impersonation-not-permitted"
PANEL = ("at_user", "at_active_sessions", "at_consented_apps", "at_withdrawal", "at_apps", "at_end_targeting")

USELESS: tuple[Kind, ...] = (
    kinds.expired,
    kinds.not_yet_valid,
    kinds.signed_by_a_stranger,
    kinds.with_a_key_of_its_own,
    kinds.alg_none,
    kinds.without_signature,
    kinds.signed_with_the_public_key,
    kinds.id_token,
    kinds.of_another_issuer,
    kinds.impersonation_that_lost_its_actor,
    kinds.with_changed_claims,
    kinds.garbage,
)

FORGED = tuple(kind for kind in USELESS if kind is not kinds.impersonation_that_lost_its_actor)
"""Introspection takes the actor from the session, not from the token, so that one is told whole."""

GOOD_FOR: dict[Kind, dict[str, str]] = {
    kinds.impersonation: dict.fromkeys(PANEL, NOT_HERE)
    | {
        "at_userinfo": "200",
        "at_start": NOT_HERE,
        "at_list": NOT_HERE,
        "at_show": NOT_HERE,
        "as_service": NOT_HERE,
        "as_impersonator_token": NOT_HERE,
        "as_refresh_token": "400 invalid_grant",
        "as_handover_code": "400 invalid_grant",
        "in_a_cookie": "200",
        "in_a_cookie_at_start": NOT_HERE,
        "at_enveloped_start": NOT_HERE,
        "at_active": "200",
        "at_context": "200",
        "at_users": NOT_HERE,
        "at_history": NOT_HERE,
        "at_all_active": NOT_HERE,
        "at_check": NOT_HERE,
        "at_end_by_id": "200",
        "at_end": "401 invalid-token",  # it has just ended its session
        "at_stop": "401 invalid-token",
        "at_logout": "401 invalid-token",
    },
    kinds.refresh: NOWHERE | {"as_refresh_token": "200"},
    kinds.handover_code: NOWHERE | {"as_handover_code": "200"},
    kinds.ordinary: dict.fromkeys(PANEL, NO_RIGHT)
    | {
        "at_logout": "403 not-your-session",
        "as_service": NO_RIGHT,
        "as_refresh_token": "400 invalid_grant",
        "as_handover_code": "400 invalid_grant",
    },
    kinds.service: {
        "at_userinfo": "403 token-has-no-user",
        "at_start": NO_RIGHT,
        "at_list": NO_RIGHT,
        "at_show": NO_RIGHT,
        "as_service": "200",
        "as_impersonator_token": "401 invalid-token",
        "as_refresh_token": "400 invalid_grant",
        "as_handover_code": "400 invalid_grant",
        "in_a_cookie": "403 token-has-no-user",
        "in_a_cookie_at_start": NO_RIGHT,
        "at_enveloped_start": NO_RIGHT,
        "at_active": NO_RIGHT,
        "at_context": "200",  # nobody
        "at_users": NO_RIGHT,
        "at_history": NO_RIGHT,
        "at_all_active": NO_RIGHT,
        "at_check": "200",  # no
        "at_user": "200",
        "at_active_sessions": "200",
        "at_consented_apps": "200",
        "at_withdrawal": "404 consent-unknown",
        "at_apps": "200",
        "at_end_targeting": "409 session-already-ended",  # it has just replaced it
        "at_end_by_id": NO_RIGHT,
        "at_end": NO_RIGHT,
        "at_stop": NO_RIGHT,
        "at_logout": "403 not-your-session",
    },
    kinds.of_another_tenant: dict.fromkeys(PANEL, NO_RIGHT)
    | {
        "at_userinfo": "200",  # whom it stands for at home
        "at_start": "404 target-unknown",
        "at_list": "200",  # nothing but what is at home
        "at_show": "404 session-unknown",
        "as_service": NO_RIGHT,
        "as_impersonator_token": NO_RIGHT,
        "as_refresh_token": "400 invalid_grant",
        "as_handover_code": "400 invalid_grant",
        "in_a_cookie": "200",
        "in_a_cookie_at_start": "404 target-unknown",
        "at_enveloped_start": "404 target-unknown",
        "at_stop": "404 session-unknown",
        "at_logout": "403 not-your-session",
        "at_end_by_id": "404 session-unknown",
        "at_end": "404 no-active-session",
    },
}


@pytest.fixture
async def crime(scene: Scene, elsewhere: Scene, signing_desk: Desk) -> Crime:
    """A running session, and tokens of all kinds."""
    return Crime(scene, elsewhere, signing_desk, await scene.started())


@pytest.mark.parametrize("kind", USELESS, ids=lambda kind: kind.__name__)
async def test_a_token_that_does_not_hold_opens_no_door(engine: AsyncEngine, crime: Crime, kind: Kind) -> None:
    token = await kind(crime)

    outcomes = {place.__name__: await outcome(crime, place, token) for place in PLACES}

    assert outcomes == NOWHERE
    assert [str(each.id) for each in await active_sessions(engine, crime.scene.ana)] == [crime.started["session_id"]]


@pytest.mark.parametrize("kind", GOOD_FOR, ids=lambda kind: kind.__name__)
async def test_a_token_opens_the_doors_of_its_kind_alone(crime: Crime, kind: Kind) -> None:
    token, expected = await kind(crime), GOOD_FOR[kind]

    tried = [place for place in PLACES if place.__name__ in expected]
    outcomes = {place.__name__: await outcome(crime, place, token) for place in tried}

    assert outcomes == expected


@pytest.mark.parametrize("kind", [*FORGED, kinds.of_another_tenant], ids=lambda kind: kind.__name__)
async def test_nothing_is_told_of_a_token_that_does_not_hold_and_nothing_ends(
    engine: AsyncEngine, crime: Crime, kind: Kind
) -> None:
    token, doors = await kind(crime), crime.scene.doors

    told = await doors.introspect(token, crime.scene.backoffice)
    revoked = await doors.revoke(token, crime.scene.spa)

    assert (told.status_code, told.json()) == (200, {"active": False})
    assert revoked.status_code == (400 if kind is kinds.of_another_tenant else 200)
    assert len(await active_sessions(engine, crime.scene.ana)) == 1


async def test_introspection_names_the_actor_in_the_tokens_own_words(crime: Crime) -> None:
    token = await kinds.impersonation(crime)

    told = (await crime.scene.doors.introspect(token, crime.scene.backoffice)).json()

    claims = claims_of(token)
    assert told["active"] is True
    assert {name: told[name] for name in ("act", "sid", "sub")} == {
        name: claims[name] for name in ("act", "sid", "sub")
    }


async def test_another_tenants_service_is_told_nothing(crime: Crime) -> None:
    token = await kinds.impersonation(crime)

    told = await crime.elsewhere.doors.introspect(token, crime.elsewhere.backoffice)

    assert told.json() == {"active": False}


@pytest.mark.parametrize("kind", [kinds.impersonation, kinds.refresh], ids=lambda kind: kind.__name__)
async def test_another_client_gives_back_nobodys_token(engine: AsyncEngine, crime: Crime, kind: Kind) -> None:
    another = await crime.scene.acme.client("another")

    answer = await crime.scene.doors.revoke(await kind(crime), another)

    assert answer.status_code == 400
    assert len(await active_sessions(engine, crime.scene.ana)) == 1


async def test_an_id_token_is_no_impersonator_token(engine: AsyncEngine, crime: Crime) -> None:
    token = await kinds.id_token(crime)

    answer = await kinds.as_impersonator_token(crime, token)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
    assert len(await active_sessions(engine, crime.scene.ana)) == 1


async def test_another_tenants_token_sees_none_of_our_sessions(crime: Crime) -> None:
    listed = (await crime.scene.doors.list(crime.elsewhere.ana_token)).json()

    assert (listed["sessions"], listed["total_count"]) == ([], 0)


async def test_an_impersonation_token_starts_no_session(engine: AsyncEngine, crime: Crime) -> None:
    carol = await crime.scene.acme.person("carol", "customer")
    token = crime.started["access_token"]

    direct = await crime.scene.doors.start(token, carol)
    by_service = await crime.scene.doors.on_behalf(await kinds.service(crime), token, carol, crime.scene.spa)

    assert {answer.json()["code"] for answer in (direct, by_service)} == {"impersonation-token-not-allowed"}
    (running,) = await active_sessions(engine, crime.scene.ana)
    assert str(running.id) == crime.started["session_id"]
    assert await active_sessions(engine, crime.scene.bob) == []


async def test_an_impersonation_of_an_admin_starts_no_session_with_the_admins_rights(
    engine: AsyncEngine, crime: Crime
) -> None:
    await crime.scene.acme.role("root", rank=200, permissions=["*"])
    await crime.scene.acme.policy({"version": 1, "rules": [ROOT_ACTS_AS_ADMINS]})
    root = await crime.scene.acme.person("root", "root")
    token = await ordinary_token(crime.desk, root)
    acting = (await crime.scene.doors.start(token, crime.scene.ana)).raise_for_status().json()["access_token"]

    answer = await crime.scene.doors.start(acting, crime.scene.bob)

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-token-not-allowed")
    assert len(await active_sessions(engine, root)) == 1


ROOT_ACTS_AS_ADMINS = {
    "name": "root-acts-as-admins",
    "impersonators": {"roles": ["root"]},
    "targets": {"roles": ["super_admin"]},
    "privileged_targets": True,
    "modes": ["full"],
}
