"""Revocation over HTTP (RFC 7009): a token given back takes its session with it."""

from base64 import b64encode

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, audit_of, make_tenant, session_row, start
from impersonator_api.sessions import Started
from impersonator_api.work import Desk


async def set_up(engine: AsyncEngine, desk: Desk) -> tuple[Organisation, str, Started]:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    spa = await acme.client("spa", refresh_policy="reuse")
    return acme, spa, await start(desk, ana, bob, client=spa)


async def userinfo(http: AsyncClient, started: Started) -> Response:
    return await http.get("/oauth2/v1/userinfo", headers={"Authorization": f"Bearer {started.access.token}"})


@pytest.mark.parametrize("kind", ["refresh", "access"])
@pytest.mark.parametrize("way", ["basic", "post"])
async def test_a_public_client_gives_its_token_back(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk, kind: str, way: str
) -> None:
    acme, spa, started = await set_up(engine, signing_desk)
    token = started.refresh.token if kind == "refresh" else started.access.token
    form = {"token": token, "token_type_hint": "refresh_token"} | ({"client_id": spa} if way == "post" else {})

    headers = {"Authorization": f"Basic {b64encode(f'{spa}:'.encode()).decode()}"} if way == "basic" else {}
    answer = await http.post("/oauth2/v1/revoke", data=form, headers=headers)

    assert (answer.status_code, answer.content) == (200, b"")
    assert (await userinfo(http, started)).status_code == 401
    row = await session_row(engine, started.live.session.id)
    assert (row.end_reason, row.ended_by) == ("revoked", spa)
    assert "session.ended" in {entry.action for entry in await audit_of(engine, acme)}


async def test_another_clients_token_is_not_revoked(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> None:
    acme, _, started = await set_up(engine, signing_desk)
    other = await acme.client("other")

    answer = await http.post("/oauth2/v1/revoke", data={"token": started.refresh.token, "client_id": other})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert (await userinfo(http, started)).status_code == 200


async def test_an_unknown_token_and_a_dead_one_are_a_success(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    _, spa, started = await set_up(engine, signing_desk)

    answers = [
        await http.post("/oauth2/v1/revoke", data={"token": token, "client_id": spa})
        for token in ("garbage", started.refresh.token, started.refresh.token)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize("hint", ["access_token", "id_token", "made-up"])
async def test_a_hint_that_is_wrong_or_unknown_changes_nothing(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk, hint: str
) -> None:
    _, spa, started = await set_up(engine, signing_desk)
    form = {"token": started.refresh.token, "token_type_hint": hint, "client_id": spa}

    answer = await http.post("/oauth2/v1/revoke", data=form)

    assert answer.status_code == 200
    assert (await userinfo(http, started)).status_code == 401


async def test_a_confidential_client_must_prove_itself(engine: AsyncEngine, http: AsyncClient) -> None:
    acme = await make_tenant(engine)
    backend = await acme.client("backend", kind="service", scopes=["root"])

    unproven = await http.post("/oauth2/v1/revoke", data={"token": "abc", "client_id": backend})
    proven = await http.post("/oauth2/v1/revoke", data={"token": "abc"}, auth=(backend, SECRET))

    assert (unproven.status_code, unproven.json()["error"]) == (401, "invalid_client")
    assert proven.status_code == 200


async def test_a_services_own_token_cannot_be_revoked(engine: AsyncEngine, http: AsyncClient) -> None:
    acme = await make_tenant(engine)
    backend = await acme.client("backend", kind="service", scopes=["root"])
    form = {"grant_type": "client_credentials"}
    own = (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).json()["access_token"]

    answer = await http.post("/oauth2/v1/revoke", data={"token": own}, auth=(backend, SECRET))

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_token_type")
