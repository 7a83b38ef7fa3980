"""How many statements a request may cost (design §11). More is a decision, not an accident."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from asyncpg.connection import LoggedQuery
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Someone, make_tenant, ordinary_token, start
from conftest import ActingAs, Clock
from impersonator_api.work import Desk
from keyed import keyed_service
from oauth.exchanging import ACCESS_TOKEN, BILLING, REFRESH_TOKEN, Trade, trade
from proofs import Holder
from statements import statements_of

__all__ = ["trade"]


def counted(app: FastAPI) -> AbstractAsyncContextManager[Sequence[LoggedQuery]]:
    """The statements that the application sends meanwhile."""
    return statements_of(app.state.office.pattern.engine)


async def two_people(engine: AsyncEngine) -> tuple[Someone, Someone]:
    acme = await make_tenant(engine)
    return await acme.person("ana", "super_admin"), await acme.person("bob", "customer")


async def test_a_first_start_takes_three(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)

    async with counted(app) as statements:
        (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    assert len(statements) == 3


@pytest.mark.parametrize(("is_active", "count"), [(False, 2), (True, 3)])
async def test_a_start_by_somebody_who_was_here_before_takes_two_and_one_more_where_it_replaces_another(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs, *, is_active: bool, count: int
) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()
    if not is_active:
        (await http.post("/api/admin/impersonate/end")).raise_for_status()

    async with counted(app) as statements:
        (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    assert len(statements) == count


async def test_an_end_takes_two(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    async with counted(app) as statements:
        (await http.post("/api/admin/impersonate/end")).raise_for_status()

    assert len(statements) == 2


async def test_a_first_list_takes_two(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs, signing_desk: Desk
) -> None:
    ana, bob = await two_people(engine)
    await start(signing_desk, ana, bob)
    http = await acting_as(ana)

    async with counted(app) as statements:
        (await http.get("/api/admin/impersonate/sessions")).raise_for_status()

    assert len(statements) == 2


async def test_a_list_for_somebody_who_was_here_within_a_minute_takes_one(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs
) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    for _ in range(5):
        (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    async with counted(app) as statements:
        (await http.get("/api/admin/impersonate/sessions", params={"limit": 3})).raise_for_status()

    assert len(statements) == 1


async def test_a_list_for_somebody_who_has_not_been_here_for_a_minute_takes_two(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs, signing_desk: Desk, clock: Clock
) -> None:
    ana, bob = await two_people(engine)
    await start(signing_desk, ana, bob)
    http = await acting_as(ana)
    (await http.get("/api/admin/impersonate/sessions")).raise_for_status()
    clock.forward(minutes=1)

    async with counted(app) as statements:
        (await http.get("/api/admin/impersonate/sessions")).raise_for_status()

    assert len(statements) == 2


@pytest.mark.parametrize("was_here", [False, True])
async def test_a_lists_empty_page_takes_three(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs, *, was_here: bool
) -> None:
    ana, _ = await two_people(engine)
    http = await acting_as(ana)
    if was_here:
        (await http.get("/api/admin/impersonate/sessions")).raise_for_status()

    async with counted(app) as statements:
        page = (await http.get("/api/admin/impersonate/sessions")).raise_for_status().json()

    assert page["sessions"] == []
    assert len(statements) == 3


async def test_a_refresh_takes_two(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    spa = await ana.tenant.client("spa")
    wish = {"target_user_id": str(bob.id), "client_id": spa}
    started = (await http.post("/api/admin/impersonate", json=wish)).raise_for_status().json()
    del http.headers["Authorization"]
    form = {"grant_type": "refresh_token", "refresh_token": started["refresh_token"], "client_id": spa}

    async with counted(app) as statements:
        (await http.post("/oauth2/v1/token", data=form)).raise_for_status()

    assert len(statements) == 2


async def test_a_services_refresh_takes_two(app: FastAPI, trade: Trade) -> None:
    given = (await trade.as_user(trade.bob, requested_token_type=REFRESH_TOKEN))["access_token"]
    form = {"grant_type": "refresh_token", "refresh_token": given}

    async with counted(app) as statements:
        answer = await trade.http.post("/oauth2/v1/token", data=form, auth=(trade.agent, SECRET))

    assert answer.status_code == 200
    assert len(statements) == 2


async def test_userinfo_takes_one(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    started = (
        (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status().json()
    )
    bearer = {"Authorization": f"Bearer {started['access_token']}"}

    async with counted(app) as statements:
        (await http.get("/oauth2/v1/userinfo", headers=bearer)).raise_for_status()

    assert len(statements) == 1


async def test_client_credentials_take_one(app: FastAPI, engine: AsyncEngine, http: AsyncClient) -> None:
    acme = await make_tenant(engine)
    backend = await acme.client("backoffice", kind="service", scopes=["root"])

    async with counted(app) as statements:
        form = {"grant_type": "client_credentials"}
        (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).raise_for_status()

    assert len(statements) == 1


async def test_client_credentials_by_an_assertion_take_two(
    app: FastAPI, engine: AsyncEngine, http: AsyncClient, clock: Clock
) -> None:
    keyed = await keyed_service(await make_tenant(engine), clock)

    async with counted(app) as statements:
        (await http.post("/oauth2/v1/token", data=keyed.form())).raise_for_status()

    assert len(statements) == 2


async def test_a_hand_over_to_a_spa_takes_four(
    app: FastAPI, engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    ana, bob = await two_people(engine)
    spa = await ana.tenant.client("spa")
    backend = await ana.tenant.client("backoffice", kind="service", scopes=["root"])
    form = {"grant_type": "client_credentials"}
    own = (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).json()["access_token"]
    body = {"impersonatorToken": await ordinary_token(signing_desk, ana)}

    async with counted(app) as statements:
        path = f"/api/v1/users/{bob.id}/impersonation/{spa}"
        (await http.post(path, json=body, headers={"Authorization": f"Bearer {own}"})).raise_for_status()

    assert len(statements) == 4


async def test_an_introspection_takes_one(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    inspector = await ana.tenant.client("inspector", kind="service", scopes=["introspect"])
    started = (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()
    del http.headers["Authorization"]
    form = {"token": started.json()["refresh_token"]}

    async with counted(app) as statements:
        answer = (await http.post("/oauth2/v1/introspect", data=form, auth=(inspector, SECRET))).raise_for_status()

    assert answer.json()["active"] is True
    assert len(statements) == 1


@pytest.mark.parametrize(
    "door", ["users/{user}", "users/{user}/active-sessions", "users/{user}/consented-apps", "apps"]
)
async def test_what_the_panel_reads_takes_two_however_much_there_is(
    app: FastAPI, engine: AsyncEngine, http: AsyncClient, signing_desk: Desk, door: str
) -> None:
    _, bob = await two_people(engine)
    own = await panel_token(http, bob)
    for number in range(5):
        client = await bob.tenant.client(f"spa{number}")
        await bob.tenant.consent(bob, client, ["profile"])
        await start(signing_desk, await bob.tenant.person(f"ana{number}", "super_admin"), bob, client=client)

    async with counted(app) as statements:
        path = f"/api/v1/{door.format(user=bob.id)}"
        (await http.get(path, headers={"Authorization": f"Bearer {own}"})).raise_for_status()

    assert len(statements) == 2


async def test_an_end_at_the_panel_takes_three(
    app: FastAPI, engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    ana, bob = await two_people(engine)
    own = await panel_token(http, bob)
    session_id = (await start(signing_desk, ana, bob)).live.session.id

    async with counted(app) as statements:
        path = f"/api/v1/users/{bob.id}/active-sessions/{session_id}"
        (await http.delete(path, headers={"Authorization": f"Bearer {own}"})).raise_for_status()

    assert len(statements) == 3


async def test_an_exchange_takes_three_and_handing_on_takes_two(app: FastAPI, trade: Trade) -> None:
    actor = {"actor_token": await trade.token_of(trade.ana), "actor_token_type": ACCESS_TOKEN}
    bobs = await trade.token_of(trade.bob, scope="profile")

    async with counted(app) as opening:
        first = await trade.exchange(trade.agent, subject_token=bobs, **actor)
    async with counted(app) as handing_on:
        await trade.exchange(trade.orders, subject_token=first["access_token"], audience=BILLING)

    assert (len(opening), len(handing_on)) == (3, 2)


@pytest.mark.parametrize(("running", "expected"), [(0, 6), (1, 8), (5, 8)])
async def test_a_withdrawal_takes_as_many_for_one_session_as_for_five(
    app: FastAPI, engine: AsyncEngine, http: AsyncClient, signing_desk: Desk, running: int, expected: int
) -> None:
    _, bob = await two_people(engine)
    own, wallet = await panel_token(http, bob), await bob.tenant.client("wallet", consent_required=True)
    await bob.tenant.consent(bob, wallet, ["offline_access", "profile"])
    for number in range(running):
        await start(signing_desk, await bob.tenant.person(f"ana{number}", "super_admin"), bob, client=wallet)

    async with counted(app) as statements:
        path = f"/api/v1/users/{bob.id}/consented-apps/{wallet}"
        (await http.delete(path, headers={"Authorization": f"Bearer {own}"})).raise_for_status()

    assert len(statements) == expected


async def panel_token(http: AsyncClient, someone: Someone) -> str:
    """The token of the panel's server."""
    panel = await someone.tenant.client("panel", kind="service", scopes=["root"])
    answer = await http.post("/oauth2/v1/token", data={"grant_type": "client_credentials"}, auth=(panel, SECRET))
    return str(answer.raise_for_status().json()["access_token"])


async def test_a_start_under_a_key_takes_as_many_as_without_one(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs
) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    wish = {"target_user_id": str(bob.id), "client_id": await ana.tenant.client("spa")}

    async with counted(app) as statements:
        for _ in range(2):
            answer = await http.post("/api/admin/impersonate", json=wish, headers={"Idempotency-Key": "once"})
            answer.raise_for_status()

    assert len(statements) == 3 + 2


async def test_a_redeemed_link_takes_two(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    spa = await ana.tenant.client("spa")
    wish = {"target_user_id": str(bob.id), "client_id": spa}
    started = (await http.post("/api/admin/impersonate", json=wish)).raise_for_status().json()
    del http.headers["Authorization"]
    form = {
        "grant_type": "urn:impersonator:params:oauth:grant-type:handover",
        "code": started["handover_url"].partition("#handover_code=")[2],
        "client_id": spa,
        "redirect_uri": "https://app.example.test/callback",
    }

    async with counted(app) as statements:
        (await http.post("/oauth2/v1/token", data=form)).raise_for_status()

    assert len(statements) == 2


async def test_a_proof_is_written_down_with_what_it_comes_with(
    app: FastAPI, engine: AsyncEngine, http: AsyncClient, clock: Clock, signing_desk: Desk
) -> None:
    ana, bob = await two_people(engine)
    spa, holder = await ana.tenant.client("spa"), Holder(clock)
    started = await start(signing_desk, ana, bob, client=spa)
    form = {"grant_type": "refresh_token", "refresh_token": started.refresh.token, "client_id": spa}

    async with counted(app) as refreshing:
        token = (await holder.ask(http, form)).raise_for_status().json()["access_token"]
    async with counted(app) as telling:
        (await holder.get(http, token, "/oauth2/v1/userinfo")).raise_for_status()

    assert (len(refreshing), len(telling)) == (2, 2)
