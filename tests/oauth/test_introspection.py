"""Introspection over HTTP (RFC 7662): the state of now, for services that may see the token."""

from dataclasses import dataclass
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, Someone, make_tenant, ordinary_token, start
from conftest import Clock
from impersonator_api.directory.tables import clients
from impersonator_api.sessions import Started
from impersonator_api.work import Desk


@dataclass
class Cast:
    """A running session in a SPA, and a service that may see everything."""

    acme: Organisation
    ana: Someone
    bob: Someone
    spa: str
    started: Started
    inspector: str


@pytest.fixture
async def cast(engine: AsyncEngine, signing_desk: Desk) -> Cast:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    spa = await acme.client("spa")
    inspector = await acme.client("inspector", kind="service", scopes=["introspect"])
    return Cast(acme, ana, bob, spa, await start(signing_desk, ana, bob, client=spa), inspector)


async def introspect(http: AsyncClient, client_id: str, token: str) -> dict[str, Any]:
    answer = await http.post("/oauth2/v1/introspect", data={"token": token}, auth=(client_id, SECRET))
    body: dict[str, Any] = answer.raise_for_status().json()
    return body


async def test_a_live_token_says_who_is_acting_in_the_tokens_own_words(cast: Cast, http: AsyncClient) -> None:
    told = await introspect(http, cast.inspector, cast.started.access.token)

    assert told["active"] is True
    for claim in (
        "iss",
        "sub",
        "aud",
        "client_id",
        "scope",
        "exp",
        "iat",
        "jti",
        "sid",
        "act",
        "impersonated_by",
        "mode",
    ):
        assert told[claim] == cast.started.access.claims[claim]


async def test_a_refresh_token_counts_until_it_is_used(cast: Cast, http: AsyncClient) -> None:
    before = await introspect(http, cast.inspector, cast.started.refresh.token)
    form = {"grant_type": "refresh_token", "refresh_token": cast.started.refresh.token, "client_id": cast.spa}
    (await http.post("/oauth2/v1/token", data=form)).raise_for_status()

    after = await introspect(http, cast.inspector, cast.started.refresh.token)

    assert before["active"] is True
    assert after == {"active": False}


async def test_expired_and_foreign_texts_are_inactive(cast: Cast, http: AsyncClient, clock: Clock) -> None:
    clock.forward(minutes=6)

    told = [await introspect(http, cast.inspector, token) for token in (cast.started.access.token, "garbage")]

    assert told == [{"active": False}, {"active": False}]


async def test_who_may_not_see_a_token_sees_it_inactive(cast: Cast, http: AsyncClient, engine: AsyncEngine) -> None:
    stranger = await cast.acme.client("stranger", kind="service", scopes=["read_user"], audience="https://other.test")
    globex = await make_tenant(engine, "globex")
    elsewhere = await globex.client("inspector", kind="service", scopes=["root"])

    told = [await introspect(http, client, cast.started.access.token) for client in (stranger, elsewhere)]

    assert told == [{"active": False}, {"active": False}]


async def test_the_resource_server_a_token_is_meant_for_sees_it(cast: Cast, http: AsyncClient) -> None:
    backend = await cast.acme.client("backend", kind="service", audience="https://api.example.test")

    told = await introspect(http, backend, cast.started.access.token)

    assert told["active"] is True


async def test_a_services_own_token_and_a_persons_count(cast: Cast, http: AsyncClient, signing_desk: Desk) -> None:
    form = {"grant_type": "client_credentials"}
    own = (await http.post("/oauth2/v1/token", data=form, auth=(cast.inspector, SECRET))).json()["access_token"]
    person = await ordinary_token(signing_desk, cast.ana)

    told = [await introspect(http, cast.inspector, token) for token in (own, person)]

    assert [answer["active"] for answer in told] == [True, True]
    assert all("act" not in answer for answer in told)


@pytest.mark.parametrize("credentials", ["public", "wrong secret", "none"])
async def test_only_a_proven_service_may_ask(cast: Cast, http: AsyncClient, credentials: str) -> None:
    form = {"token": cast.started.access.token} | ({"client_id": cast.spa} if credentials == "public" else {})
    if credentials == "wrong secret":
        form |= {"client_id": cast.inspector, "client_secret": "wrong-secret"}

    answer = await http.post("/oauth2/v1/introspect", data=form)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_missing_token_is_an_invalid_request(cast: Cast, http: AsyncClient) -> None:
    answer = await http.post("/oauth2/v1/introspect", data={"a": "b"}, auth=(cast.inspector, SECRET))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_suspended_services_own_token_counts_no_more(cast: Cast, http: AsyncClient) -> None:
    backend = await cast.acme.client("backend", kind="service", scopes=["read_user"])
    form = {"grant_type": "client_credentials"}
    own = (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).raise_for_status().json()
    before = await introspect(http, cast.inspector, own["access_token"])

    await cast.acme.change(clients, clients.c.client_id == backend, status="suspended")

    assert before["active"] is True
    assert await introspect(http, cast.inspector, own["access_token"]) == {"active": False}
