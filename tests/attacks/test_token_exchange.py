"""Whoever tries to get by an exchange what no start would give."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import claims_of
from builders import audit_of, make_tenant
from conftest import Clock
from impersonator_api.directory.tables import clients, users
from oauth.exchanging import ACCESS_TOKEN, API, BILLING, REFRESH_TOKEN, USER_ID, Trade, trade

__all__ = ["trade"]

ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
SAML = "urn:ietf:params:oauth:token-type:saml2"


def bob(trade: Trade) -> dict[str, Any]:
    """The least that an exchange asks for."""
    return {"subject_token": str(trade.bob.id), "subject_token_type": USER_ID}


async def refused(trade: Trade, error: str, client_id: str | None = None, **form: Any) -> dict[str, Any]:
    """An exchange that must fail with the RFC's word, and gives no token."""
    answer = await trade.ask(client_id or trade.agent, **(bob(trade) | form))
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["error"]) == (400, error), body
    assert "access_token" not in body
    return body


@pytest.mark.parametrize(
    "form",
    [
        {"subject_token": None},
        {"subject_token_type": None},
        {"subject_token_type": ID_TOKEN},
        {"subject_token_type": SAML},
        {"subject_token_type": REFRESH_TOKEN},
        {"actor_token": "x"},
        {"actor_token_type": ACCESS_TOKEN},
        {"actor_token": "x", "actor_token_type": USER_ID},
        {"requested_token_type": ID_TOKEN},
        {"requested_token_type": USER_ID},
        {"mode": "root"},
        {"duration": "0"},
        {"duration": "1e3"},
        {"duration": "86401"},
        {"duration": "9" * 400},
        {"reason": "x" * 501},
        {"permissions": " ".join(f"ticket.{number}" for number in range(101))},
        {"subject_token": "x" * 300},
        {"subject_token": ["a", "b"]},
    ],
)
async def test_a_malformed_exchange_is_refused(trade: Trade, form: dict[str, Any]) -> None:
    await refused(trade, "invalid_request", **form)


async def test_a_service_without_the_right_exchanges_nothing(trade: Trade, engine: AsyncEngine) -> None:
    reader = await trade.acme.client("reader", kind="service", scopes=["introspect", "read_user"])

    await refused(trade, "unauthorized_client", reader)

    (entry,) = await audit_of(engine, trade.acme)
    assert (entry.action, entry.impersonator_label) == ("session.refused", reader)


async def test_a_browser_application_exchanges_nothing(trade: Trade) -> None:
    spa = await trade.acme.client("spa", scopes=["root"])

    form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "client_id": spa} | bob(trade)
    answer = await trade.http.post("/oauth2/v1/token", data=form)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_nobody_learns_of_a_token_before_he_has_proven_who_he_is(trade: Trade) -> None:
    good, bad = await trade.token_of(trade.ana), "not-a-token"

    answers = [
        await trade.ask(trade.agent, "wrong" * 8, **bob(trade), actor_token=token, actor_token_type=ACCESS_TOKEN)
        for token in (good, bad)
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


async def test_a_service_that_no_rule_names_acts_as_nobody(trade: Trade, engine: AsyncEngine) -> None:
    await refused(trade, "invalid_request", trade.orders)

    (entry,) = await audit_of(engine, trade.acme)
    assert (entry.action, entry.target_id, entry.code) == ("session.refused", trade.bob.id, "no-rule")


@pytest.mark.parametrize(
    ("form", "code"),
    [({"scope": "root"}, "oauth-invalid-scope"), ({"audience": "https://bank.test"}, "oauth-invalid-target")],
)
async def test_whoever_reaches_too_far_stands_in_the_audit(
    trade: Trade, engine: AsyncEngine, form: dict[str, str], code: str
) -> None:
    await trade.ask(trade.agent, **(bob(trade) | form))

    (entry,) = await audit_of(engine, trade.acme)
    assert (entry.action, entry.impersonator_label, entry.code) == ("session.refused", trade.agent, code)


async def test_an_actor_without_the_right_acts_as_nobody(trade: Trade) -> None:
    carol = await trade.acme.person("carol", "customer")

    actor = {"actor_token": await trade.token_of(carol), "actor_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_request", **actor)


async def test_nobody_is_exchanged_upwards(trade: Trade) -> None:
    await refused(trade, "invalid_request", subject_token=str(trade.ana.id))


async def test_nobody_is_exchanged_into_himself(trade: Trade) -> None:
    anas = await trade.token_of(trade.ana, scope="profile")

    actor = {"actor_token": anas, "actor_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_request", subject_token=anas, subject_token_type=ACCESS_TOKEN, **actor)


async def test_a_user_of_another_tenant_does_not_exist(trade: Trade, engine: AsyncEngine) -> None:
    eve = await (await make_tenant(engine, "evil")).person("eve", "customer")

    unknown = await refused(trade, "invalid_request", subject_token="nobody")

    assert await refused(trade, "invalid_request", subject_token=str(eve.id)) == unknown


async def test_a_token_that_a_service_came_by_is_not_handed_on(trade: Trade) -> None:
    acting = (await trade.as_user(trade.bob))["access_token"]

    subject = {"subject_token": acting, "subject_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_request", trade.billing, **subject)


async def test_another_tenants_session_is_not_joined(trade: Trade, engine: AsyncEngine) -> None:
    acting = (await trade.as_user(trade.bob))["access_token"]
    evil = await make_tenant(engine, "evil")
    thief = await evil.client("thief", kind="service", scopes=["root"], audience=API)

    await refused(trade, "invalid_request", thief, subject_token=acting, subject_token_type=ACCESS_TOKEN)


@pytest.mark.parametrize("scope", ["offline_access", "profile email", "root", "email"])
async def test_a_scope_beyond_the_subject_tokens_is_refused(trade: Trade, scope: str) -> None:
    bobs = await trade.token_of(trade.bob, scope="profile")

    subject = {"subject_token": bobs, "subject_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_scope", **subject, scope=scope)


@pytest.mark.parametrize("scope", ["root", "impersonation", "introspect", "made-up"])
async def test_no_services_scope_is_held_in_a_users_name(trade: Trade, scope: str) -> None:
    await trade.acme.change(clients, clients.c.client_id == trade.agent, scopes=["impersonation", "root", "introspect"])

    await refused(trade, "invalid_scope", scope=scope)


async def test_a_token_handed_on_grows_no_scope(trade: Trade) -> None:
    acting = (await trade.as_user(trade.bob))["access_token"]

    subject = {"subject_token": acting, "subject_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_scope", trade.orders, **subject, scope="profile offline_access")


async def test_a_scope_that_is_handed_on_ends_at_a_service_without_it(trade: Trade) -> None:
    await trade.acme.change(clients, clients.c.client_id == trade.agent, scopes=["impersonation", "tickets"])
    acting = (await trade.as_user(trade.bob, scope="profile tickets"))["access_token"]

    second = await trade.exchange(trade.orders, subject_token=acting)

    assert (claims_of(second["access_token"])["scope"], second["scope"]) == ("profile", "profile")
    subject = {"subject_token": acting, "subject_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_scope", trade.orders, **subject, scope="tickets")


@pytest.mark.parametrize("target", [{"audience": "https://bank.test"}, {"resource": "https://bank.test/"}])
async def test_an_audience_that_is_not_registered_is_refused(trade: Trade, target: dict[str, str]) -> None:
    await refused(trade, "invalid_target", **target)


async def test_one_good_audience_does_not_carry_a_bad_one(trade: Trade) -> None:
    await refused(trade, "invalid_target", audience=[API, "https://bank.test"])


@pytest.mark.parametrize("resource", ["/relative", "api", f"{BILLING}#here", "https://[", "#"])
async def test_a_resource_is_an_absolute_uri_without_fragment(trade: Trade, resource: str) -> None:
    await refused(trade, "invalid_target", resource=resource)


async def test_a_refresh_token_does_not_grow_into_another_audience(trade: Trade) -> None:
    await refused(trade, "invalid_target", requested_token_type=REFRESH_TOKEN, audience=BILLING)


async def test_a_joined_session_is_not_refreshed_by_whoever_joined(trade: Trade) -> None:
    acting = (await trade.as_user(trade.bob))["access_token"]

    subject = {"subject_token": acting, "subject_token_type": ACCESS_TOKEN, "requested_token_type": REFRESH_TOKEN}
    await refused(trade, "invalid_request", trade.orders, **subject)


@pytest.mark.parametrize(
    "term", [{"mode": "read_only"}, {"permissions": "a"}, {"duration": "60"}, {"workspace": "north"}, {"reason": "x"}]
)
async def test_less_of_a_session_that_runs_is_refused_not_ignored(trade: Trade, term: dict[str, str]) -> None:
    acting = (await trade.as_user(trade.bob))["access_token"]

    subject = {"subject_token": acting, "subject_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_request", trade.orders, **subject, **term)


async def test_a_third_actor_is_one_too_many(trade: Trade) -> None:
    first = (await trade.as_user(trade.bob))["access_token"]
    second = (await trade.exchange(trade.orders, subject_token=first, audience=BILLING))["access_token"]

    subject = {"subject_token": second, "subject_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_request", trade.billing, **subject)


async def test_may_act_keeps_everybody_else_out(trade: Trade) -> None:
    first = (await trade.as_user(trade.bob, may_act=trade.billing))["access_token"]

    subject = {"subject_token": first, "subject_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_request", trade.orders, **subject)


async def test_no_refresh_loses_whom_may_act_names(trade: Trade) -> None:
    await refused(trade, "invalid_request", may_act=trade.billing, requested_token_type=REFRESH_TOKEN)


@pytest.mark.parametrize("named", ["nobody", "x" * 300])
async def test_may_act_names_a_client_of_the_tenant(trade: Trade, named: str) -> None:
    await refused(trade, "invalid_request", may_act=named)


async def test_may_act_names_nobody_of_another_tenant(trade: Trade, engine: AsyncEngine) -> None:
    thief = await (await make_tenant(engine, "evil")).client("thief", kind="service")

    await refused(trade, "invalid_request", may_act=thief)


async def test_another_persons_token_does_not_join_a_session(trade: Trade) -> None:
    first = (await trade.as_user(trade.bob))["access_token"]

    actor = {"actor_token": await trade.token_of(trade.ana), "actor_token_type": ACCESS_TOKEN}
    subject = {"subject_token": first, "subject_token_type": ACCESS_TOKEN}
    await refused(trade, "invalid_request", trade.orders, **subject, **actor)


async def test_who_acts_as_somebody_is_no_actor(trade: Trade) -> None:
    acting = (await trade.as_user(trade.bob))["access_token"]

    await refused(trade, "invalid_request", actor_token=acting, actor_token_type=ACCESS_TOKEN)


async def test_nobody_of_another_tenant_is_actor_or_subject(trade: Trade, engine: AsyncEngine) -> None:
    eve = await (await make_tenant(engine, "evil")).person("eve", "super_admin")
    eves = await trade.token_of(eve, scope="profile")

    actor = await refused(trade, "invalid_request", actor_token=eves, actor_token_type=ACCESS_TOKEN)
    subject = await refused(trade, "invalid_request", subject_token=eves, subject_token_type=ACCESS_TOKEN)

    assert all("another organisation" in answer["error_description"] for answer in (actor, subject))


async def test_a_services_own_token_is_no_user_and_no_other_services_actor(trade: Trade) -> None:
    form = {"grant_type": "client_credentials"}
    answer = await trade.http.post("/oauth2/v1/token", data=form, auth=(trade.orders, trade.secret))
    own = answer.json()["access_token"]

    actor = await refused(trade, "invalid_request", actor_token=own, actor_token_type=ACCESS_TOKEN)
    subject = await refused(trade, "invalid_request", subject_token=own, subject_token_type=ACCESS_TOKEN)

    assert "acts for itself only" in actor["error_description"]
    assert "stands for no user" in subject["error_description"]


async def test_what_was_handed_on_dies_with_the_service_that_holds_it(trade: Trade) -> None:
    first = (await trade.as_user(trade.bob))["access_token"]
    second = (await trade.exchange(trade.orders, subject_token=first))["access_token"]

    await trade.acme.change(clients, clients.c.client_id == trade.orders, status="suspended")

    assert (await trade.introspect(second)) == {"active": False}
    assert (await trade.acting(second)).status_code == 401
    assert (await trade.introspect(first))["active"] is True


async def test_a_token_for_the_impersonator_himself_dies_with_the_service_that_holds_it(trade: Trade) -> None:
    actor = {"actor_token": await trade.token_of(trade.ana), "actor_token_type": ACCESS_TOKEN}
    first = (await trade.as_user(trade.bob, **actor))["access_token"]
    second = (await trade.exchange(trade.orders, subject_token=first, **actor))["access_token"]

    await trade.acme.change(clients, clients.c.client_id == trade.orders, status="suspended")

    assert (await trade.introspect(second)) == {"active": False}
    assert (await trade.acting(second)).status_code == 401
    assert (await trade.introspect(first))["active"] is True


async def test_a_demoted_target_ends_what_an_exchange_began(trade: Trade) -> None:
    token = (await trade.as_user(trade.bob))["access_token"]

    await trade.acme.change(users, users.c.id == trade.bob.id, status="suspended")

    assert (await trade.introspect(token)) == {"active": False}


async def test_a_token_narrowed_to_other_things_shows_no_profile(trade: Trade) -> None:
    await trade.acme.change(clients, clients.c.client_id == trade.agent, scopes=["impersonation", "tickets"])
    token = (await trade.as_user(trade.bob, scope="tickets"))["access_token"]

    answer = await trade.acting(token)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope")
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="profile"'


async def test_an_expired_subject_token_is_handed_on_no_more(trade: Trade, clock: Clock) -> None:
    token = (await trade.as_user(trade.bob))["access_token"]
    clock.forward(minutes=6)

    await refused(trade, "invalid_request", trade.orders, subject_token=token, subject_token_type=ACCESS_TOKEN)


async def test_a_consent_that_a_service_asks_for_is_asked_for_at_exchange(trade: Trade) -> None:
    await trade.acme.change(clients, clients.c.client_id == trade.agent, consent_required=True)

    await refused(trade, "invalid_request")

    await trade.acme.consent(trade.bob, trade.agent, ["profile"])
    own = (await trade.as_user(trade.bob))["access_token"]
    assert claims_of((await trade.exchange(trade.agent, subject_token=own))["access_token"])["sub"] == str(trade.bob.id)


async def test_a_service_that_users_must_consent_to_joins_no_session_of_anothers(trade: Trade) -> None:
    acting = (await trade.as_user(trade.bob))["access_token"]
    await trade.acme.change(clients, clients.c.client_id == trade.orders, consent_required=True)

    await refused(trade, "invalid_request", trade.orders, subject_token=acting, subject_token_type=ACCESS_TOKEN)
