"""Every kind of token at every place: what is not meant for a place is refused there, whatever else it is good for."""

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import Lines, TokenOf
from attacks.crime import Crime
from attacks.doors import Scene
from attacks.token_kinds import KINDS
from attacks.token_places import PLACES
from attacks.token_uses import MEANT_FOR, refusals
from builders import active_sessions

NOTHING_SAID = {"token_at_introspection": "200 inactive", "token_at_revocation": "200"}
"""RFC 7662 §2.2, RFC 7009 §2.2: these doors say no without an error."""

CHANGING = [(kind, place) for kind, uses in MEANT_FOR.items() for place in uses if PLACES[place].changes]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_is_refused_wherever_it_is_not_meant_for(crime: Crime, raw_log: Lines, kind: str) -> None:
    token, expected = await KINDS[kind](crime), refusals(kind)
    before = await crime.state()

    answers = {name: await PLACES[name].outcome(crime, token) for name in expected}

    assert {name: outcome for name, (outcome, _) in answers.items()} == expected
    assert all(outcome[0] == "4" or NOTHING_SAID.get(name) == outcome for name, outcome in expected.items())
    assert await crime.state() == before
    assert not [name for name, (_, answer) in answers.items() if "eyJ" in answer.text or is_told(token, answer)]
    assert token not in "".join(raw_log)


@pytest.mark.parametrize("kind", MEANT_FOR)
async def test_a_token_reads_what_it_is_meant_for(crime: Crime, kind: str) -> None:
    token = await KINDS[kind](crime)
    expected = {name: outcome for name, outcome in MEANT_FOR[kind].items() if not PLACES[name].changes}
    before = await crime.state()

    answers = {name: await PLACES[name].outcome(crime, token) for name in expected}

    assert {name: outcome for name, (outcome, _) in answers.items()} == expected
    assert await crime.state() == before
    assert not [name for name, (_, answer) in answers.items() if is_told(token, answer)]


@pytest.mark.parametrize(("kind", "place"), CHANGING)
async def test_a_token_does_what_it_is_meant_for(crime: Crime, raw_log: Lines, kind: str, place: str) -> None:
    token = await KINDS[kind](crime)

    outcome, answer = await PLACES[place].outcome(crime, token)

    assert outcome == MEANT_FOR[kind][place]
    assert not is_told(token, answer)
    assert token not in "".join(raw_log)


def is_told(token: str, answer: httpx.Response) -> bool:
    """Whether an answer repeats what was sent, anywhere."""
    return token in answer.text + str(answer.headers)


async def test_another_tenants_service_is_told_nothing(scene: Scene, elsewhere: Scene) -> None:
    token = (await scene.started())["access_token"]

    told = await scene.doors.introspect(token, elsewhere.backoffice)

    assert told.json() == {"active": False}


@pytest.mark.usefixtures("crime")
async def test_another_tenants_token_sees_none_of_our_sessions(elsewhere: Scene) -> None:
    listed = (await elsewhere.doors.list(elsewhere.ana_token)).json()

    assert (listed["sessions"], listed["total_count"]) == ([], 0)


async def test_an_impersonation_token_starts_no_session(engine: AsyncEngine, scene: Scene) -> None:
    started, carol = await scene.started(), await scene.acme.person("carol", "customer")
    token, service = started["access_token"], await scene.doors.service_token(scene.backoffice)

    direct = await scene.doors.start(token, carol)
    by_service = await scene.doors.on_behalf(service, token, carol, scene.spa)

    assert {answer.json()["code"] for answer in (direct, by_service)} == {"impersonation-token-not-allowed"}
    (running,) = await active_sessions(engine, scene.ana)
    assert str(running.id) == started["session_id"]
    assert await active_sessions(engine, scene.bob) == []


async def test_an_impersonation_of_an_admin_starts_no_session_with_the_admins_rights(
    engine: AsyncEngine, scene: Scene, token_of: TokenOf
) -> None:
    await scene.acme.role("root", rank=200, permissions=["*"])
    await scene.acme.policy({"version": 1, "rules": [ROOT_ACTS_AS_ADMINS]})
    root = await scene.acme.person("root", "root")
    acting = (await scene.doors.start(await token_of(root), scene.ana)).raise_for_status().json()["access_token"]

    answer = await scene.doors.start(acting, scene.bob)

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-token-not-allowed")
    assert len(await active_sessions(engine, root)) == 1


ROOT_ACTS_AS_ADMINS = {
    "name": "root-acts-as-admins",
    "impersonators": {"roles": ["root"]},
    "targets": {"roles": ["super_admin"]},
    "privileged_targets": True,
    "modes": ["full"],
}
