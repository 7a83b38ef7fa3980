"""Token exchange over HTTP (RFC 8693): what is given for what, and how far it reaches."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import END, LOGOUT, claims_of
from builders import SUPPORT_POLICY, audit_of, session_row
from conftest import Clock
from impersonator_api.directory.tables import clients
from impersonator_api.tokens import KeyRing
from impersonator_api.tokens.jws import sign
from limited import Visitor, limited
from oauth.exchanging import ACCESS_TOKEN, API, BILLING, JWT, REFRESH_TOKEN, USER_ID, Trade, rule_for


async def test_a_service_gets_a_token_as_the_user_it_names(trade: Trade) -> None:
    answer = await trade.as_user(trade.bob)

    claims = claims_of(answer["access_token"])
    assert (claims["sub"], claims["act"]["sub"], claims["client_id"]) == (str(trade.bob.id), trade.agent, trade.agent)
    assert (claims["aud"], claims["impersonated_by"]) == (API, trade.agent)


async def test_the_answer_has_the_members_of_the_rfc_and_no_refresh_token(trade: Trade) -> None:
    answer = await trade.as_user(trade.bob)

    assert answer.keys() == {"access_token", "issued_token_type", "token_type", "expires_in", "expires_on", "scope"}
    assert (answer["issued_token_type"], answer["token_type"]) == (ACCESS_TOKEN, "Bearer")


async def test_an_external_id_names_the_user_as_well(trade: Trade) -> None:
    answer = await trade.exchange(trade.agent, subject_token=trade.bob.external_id, subject_token_type=USER_ID)

    assert claims_of(answer["access_token"])["sub"] == str(trade.bob.id)


async def test_the_actor_is_the_person_whose_token_comes_along(trade: Trade) -> None:
    login = {"acr": "mfa", "auth_time": int(datetime.now(UTC).timestamp())}
    anas = await trade.token_of(trade.ana, **login)

    answer = await trade.as_user(trade.bob, actor_token=anas, actor_token_type=ACCESS_TOKEN)

    act = claims_of(answer["access_token"])["act"]
    assert (act["sub"], act["acr"]) == (str(trade.ana.id), "mfa")


async def test_a_person_who_must_log_in_again_is_told_so_in_the_rfcs_word(trade: Trade, engine: AsyncEngine) -> None:
    strict = {**SUPPORT_POLICY["rules"][0], "require": {"step_up": {"acr": ["mfa"]}}}
    await trade.acme.policy({"version": 1, "rules": [strict]}, version=2)
    weak, strong = [await trade.token_of(trade.ana, acr=acr) for acr in ("pwd", "mfa")]
    form = {"subject_token": str(trade.bob.id), "subject_token_type": USER_ID, "actor_token_type": ACCESS_TOKEN}

    refused = await trade.ask(trade.agent, **form, actor_token=weak)
    granted = await trade.ask(trade.agent, **form, actor_token=strong)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert refused.json()["error_description"].startswith("Log in again: ")
    assert granted.status_code == 200
    assert "step-up-required" in [entry.code for entry in await audit_of(engine, trade.acme)]


async def test_a_service_for_itself_cannot_log_in(trade: Trade) -> None:
    strict = {**rule_for(trade.agent), "require": {"step_up": {"max_age": "15m"}}}
    await trade.acme.policy({"version": 1, "rules": [strict]}, version=2)

    answer = await trade.ask(trade.agent, subject_token=str(trade.bob.id), subject_token_type=USER_ID)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_targets_own_token_names_it_and_bounds_the_scope(trade: Trade) -> None:
    bobs = await trade.token_of(trade.bob, scope="profile email")

    answer = await trade.exchange(trade.agent, subject_token=bobs, subject_token_type=JWT)

    claims = claims_of(answer["access_token"])
    assert (claims["sub"], claims["scope"], answer["scope"]) == (str(trade.bob.id), "profile", "profile")


async def test_an_exchange_is_a_session_in_the_audit(trade: Trade, engine: AsyncEngine) -> None:
    answer = await trade.as_user(trade.bob, reason="Nightly reconciliation", ticket="SUP-1")

    entry = (await audit_of(engine, trade.acme))[-1]
    row = await session_row(engine, claims_of(answer["access_token"])["sid"])
    assert (entry.action, entry.impersonator_label, entry.target_id) == ("session.started", trade.agent, trade.bob.id)
    assert (row.reason, row.ticket, row.rule, row.impersonator_kind) == (
        "Nightly reconciliation",
        "SUP-1",
        "agents",
        "client",
    )


async def test_a_policy_can_be_asked_for_less(trade: Trade) -> None:
    north = await trade.acme.workspace("north", bob=(trade.bob, ["ticket.read"]))

    answer = await trade.as_user(trade.bob, permissions="ticket.read", workspace=str(north), duration="60")

    claims = claims_of(answer["access_token"])
    assert (claims["mode"], claims["permissions"], claims["workspace"]) == ("limited", ["ticket.read"], "north")
    assert answer["expires_in"] == 60


async def test_a_read_only_session_can_be_asked_for(trade: Trade) -> None:
    answer = await trade.as_user(trade.bob, mode="read_only")

    assert claims_of(answer["access_token"])["mode"] == "read_only"


async def test_several_audiences_and_resources_stand_in_one_token(trade: Trade) -> None:
    answer = await trade.as_user(trade.bob, audience=[API], resource=[BILLING])

    assert claims_of(answer["access_token"])["aud"] == [API, BILLING]


async def test_a_token_for_several_audiences_is_seen_by_each(trade: Trade) -> None:
    answer = await trade.as_user(trade.bob, audience=[API, BILLING])

    form = {"token": answer["access_token"]}
    told = await trade.http.post("/oauth2/v1/introspect", data=form, auth=(trade.billing, trade.secret))
    assert told.json()["active"] is True


async def test_a_service_sees_what_was_issued_to_it_whoever_it_is_for(trade: Trade) -> None:
    answer = await trade.as_user(trade.bob, audience=BILLING)

    form = {"token": answer["access_token"]}
    told = [
        (await trade.http.post("/oauth2/v1/introspect", data=form, auth=(service, trade.secret))).json()
        for service in (trade.agent, trade.billing, trade.orders)
    ]
    assert [answer["active"] for answer in told] == [True, True, False]


async def test_a_refresh_token_can_be_asked_for_and_is_no_access_token(trade: Trade) -> None:
    answer = await trade.as_user(trade.bob, requested_token_type=REFRESH_TOKEN)

    assert (answer["token_type"], answer["issued_token_type"]) == ("N_A", REFRESH_TOKEN)
    form = {"grant_type": "refresh_token", "refresh_token": answer["access_token"]}
    refreshed = await trade.http.post("/oauth2/v1/token", data=form, auth=(trade.agent, trade.secret))
    claims = claims_of(refreshed.raise_for_status().json()["access_token"])
    assert (claims["act"]["sub"], claims["sid"]) == (trade.agent, claims_of(answer["access_token"])["sid"])


async def test_a_token_handed_on_keeps_session_and_actors(trade: Trade) -> None:
    anas = await trade.token_of(trade.ana)
    first = await trade.as_user(trade.bob, actor_token=anas, actor_token_type=ACCESS_TOKEN)
    before = claims_of(first["access_token"])

    second = await trade.exchange(trade.orders, subject_token=first["access_token"], audience=BILLING)

    after = claims_of(second["access_token"])
    assert after["act"] == {"sub": trade.orders, "iss": before["iss"], "act": before["act"]}
    assert all(after[name] == before[name] for name in ("sid", "sub", "mode", "impersonated_by"))
    assert (after["client_id"], after["aud"]) == (trade.orders, BILLING)


async def test_nothing_but_the_identity_stands_inside_a_prior_actor(trade: Trade) -> None:
    first = await trade.as_user(trade.bob)

    second = await trade.exchange(trade.orders, subject_token=first["access_token"])

    inner = claims_of(second["access_token"])["act"]["act"]
    assert inner.keys().isdisjoint({"exp", "nbf", "aud", "iat"})


async def test_the_chain_is_the_same_at_every_door(trade: Trade) -> None:
    first = await trade.as_user(trade.bob)
    token = (await trade.exchange(trade.orders, subject_token=first["access_token"]))["access_token"]

    act = claims_of(token)["act"]
    assert (await trade.acting(token)).json()["act"] == act
    assert (await trade.introspect(token))["act"] == act


async def test_a_hand_over_is_in_the_audit_with_who_took_part(trade: Trade, engine: AsyncEngine) -> None:
    first = await trade.as_user(trade.bob)

    await trade.exchange(trade.orders, subject_token=first["access_token"])

    entries = {entry.action: entry for entry in await audit_of(engine, trade.acme)}
    entry = entries["session.exchanged"]
    assert (entry.impersonator_label, entry.detail) == (trade.agent, {"by": trade.orders})


@pytest.mark.parametrize(("depth", "status"), [(1, 400), (2, 200)])
async def test_how_many_actors_a_token_names_is_a_setting(
    trade: Trade, database_url: str, clock: Clock, depth: int, status: int
) -> None:
    first = await trade.as_user(trade.bob)

    async with limited(database_url, clock, act_depth=depth) as app:
        elsewhere = replace(trade, http=Visitor(app).http)
        answer = await elsewhere.ask(trade.orders, subject_token=first["access_token"])

    assert answer.status_code == status


async def test_a_service_that_acts_already_is_not_put_before_itself(trade: Trade) -> None:
    first = await trade.as_user(trade.bob)

    again = await trade.exchange(trade.agent, subject_token=first["access_token"])

    assert claims_of(again["access_token"])["act"] == claims_of(first["access_token"])["act"]


async def test_the_impersonators_own_token_leaves_the_chain_as_it_is(trade: Trade) -> None:
    anas = await trade.token_of(trade.ana)
    actor = {"actor_token": anas, "actor_token_type": ACCESS_TOKEN}
    first = await trade.as_user(trade.bob, **actor)

    second = await trade.exchange(trade.orders, subject_token=first["access_token"], **actor)

    assert claims_of(second["access_token"])["act"] == claims_of(first["access_token"])["act"]


async def test_what_is_handed_on_lives_no_longer_than_what_was_given(trade: Trade, clock: Clock) -> None:
    first = await trade.as_user(trade.bob)
    clock.forward(minutes=4)

    second = await trade.exchange(trade.orders, subject_token=first["access_token"])

    assert claims_of(second["access_token"])["exp"] == claims_of(first["access_token"])["exp"]
    assert second["expires_in"] == 60


async def test_a_token_may_name_who_takes_over(trade: Trade) -> None:
    first = await trade.as_user(trade.bob, may_act=trade.orders)

    second = await trade.exchange(trade.orders, subject_token=first["access_token"])

    assert claims_of(first["access_token"])["may_act"] == {"sub": trade.orders, "iss": trade.desk.settings.issuer}
    assert claims_of(second["access_token"])["act"]["sub"] == trade.orders
    assert "may_act" not in claims_of(second["access_token"])


@pytest.mark.parametrize(
    ("may_act", "status"),
    [
        ({"sub": "AGENT"}, 200),
        ({"sub": "AGENT", "iss": "US"}, 200),
        ({"sub": "AGENT", "iss": "https://idp.test"}, 400),
        ({"sub": "somebody", "iss": "US"}, 400),
        ({"sub": "AGENT", "department": "support"}, 400),
        ({}, 400),
        ("AGENT", 400),
    ],
    ids=str,
)
async def test_whom_a_subject_token_names_is_held_to_in_every_member(trade: Trade, may_act: Any, status: int) -> None:
    names = {"AGENT": trade.agent, "US": trade.desk.settings.issuer}
    if isinstance(may_act, dict):
        may_act = {member: names.get(value, value) for member, value in may_act.items()}
    claims = dict(claims_of(await trade.token_of(trade.bob, scope="profile"))) | {"may_act": may_act}
    bobs = sign(claims, key=trade.desk.services.get(KeyRing).signing_key("ES256"), typ="at+jwt")

    answer = await trade.ask(trade.agent, subject_token=bobs)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("member", ["scope", "act", "may_act", "impersonated_by", "sub", "exp"])
async def test_no_parameter_becomes_a_claim(trade: Trade, member: str) -> None:
    plain = claims_of((await trade.as_user(trade.bob))["access_token"])
    sent: dict[str, Any] = {} if member in {"scope", "may_act"} else {member: '{"sub": "mallory"}'}

    claims = claims_of((await trade.as_user(trade.bob, **sent))["access_token"])

    assert claims.keys() == plain.keys()
    assert (claims["act"], claims["sub"]) == (plain["act"], plain["sub"])


async def test_people_are_named_alike_in_all_tokens_of_a_session(trade: Trade) -> None:
    await trade.acme.change(clients, clients.c.client_id == trade.orders, subject="external_id")
    actor = {"actor_token": await trade.token_of(trade.ana), "actor_token_type": ACCESS_TOKEN}
    first = (await trade.as_user(trade.bob, **actor))["access_token"]

    second = (await trade.exchange(trade.orders, subject_token=first))["access_token"]

    before, after = claims_of(first), claims_of(second)
    assert (after["sub"], after["impersonated_by"]) == (before["sub"], before["act"]["sub"])
    assert (await trade.acting(second)).json()["sub"] == after["sub"]


@pytest.mark.parametrize(("path", "form"), [(END, {}), (LOGOUT, {"refresh_token": ""})])
async def test_what_a_service_does_with_a_token_handed_on_is_told_of_it(
    trade: Trade, engine: AsyncEngine, path: str, form: dict[str, str]
) -> None:
    actor = {"actor_token": await trade.token_of(trade.ana), "actor_token_type": ACCESS_TOKEN}
    first = (await trade.as_user(trade.bob, **actor))["access_token"]
    second = (await trade.exchange(trade.orders, subject_token=first))["access_token"]

    (await trade.acting(second, path, "POST", data=form)).raise_for_status()

    entries = {entry.action: entry for entry in await audit_of(engine, trade.acme)}
    assert entries["session.ended"].detail == {"by": trade.orders}
    assert (await session_row(engine, claims_of(first)["sid"])).ended_by == trade.orders


async def test_a_service_that_acts_for_itself_brings_its_own_permissions_to_an_intersection(trade: Trade) -> None:
    rule = rule_for(trade.agent) | {"rights": "intersection", "permissions": ["ticket.read", "ticket.reply"]}
    await trade.acme.policy({"version": 1, "rules": [rule]}, version=2)
    held = ["impersonation.start", "ticket.read"]
    await trade.acme.change(clients, clients.c.client_id == trade.agent, permissions=held)
    north = await trade.acme.workspace("north", bob=(trade.bob, ["ticket.read", "ticket.reply"]))

    answer = await trade.as_user(trade.bob, mode="limited", workspace=str(north))

    assert claims_of(answer["access_token"])["permissions"] == ["ticket.read"]
