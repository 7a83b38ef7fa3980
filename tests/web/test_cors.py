"""A browser application may call the doors made for it, from where it is registered, and only those."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Receive, Scope, Send

from asgi import send_bytes
from builders import make_tenant, start
from conftest import Clock
from impersonator_api.directory.tables import clients
from impersonator_api.web.entrance import Entrance
from impersonator_api.web.limits import MAX_BODY, MAX_URI_PART, SURPLUS
from impersonator_api.web.problems import Answers
from impersonator_api.work import Desk
from statements import statements_of

TOKEN = "/oauth2/v1/token"  # a path
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


async def registered(engine: AsyncEngine, origin: str, path: str = "/callback", **client: str) -> str:
    acme = await make_tenant(engine)
    return await acme.client("spa", redirect_uris=[origin + path], **client)


@pytest.mark.parametrize("path", ["", "/", "/callback", "?app=1", "#/callback"])
async def test_a_registered_origin_may_ask(engine: AsyncEngine, http: AsyncClient, path: str) -> None:
    origin = f"https://spa-{abs(hash(path))}.test:8443"
    await registered(engine, origin, path)

    answer = await http.options(TOKEN, headers=ASKED | {"Origin": origin})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, origin)
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert answer.headers["access-control-allow-headers"] == "authorization, content-type, dpop"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("registered_as", "origin"),
    [
        ("https://Spelt.Test", "https://spelt.test"),
        ("https://port.test:443", "https://port.test"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
async def test_an_origin_is_told_as_browsers_write_it(
    engine: AsyncEngine, http: AsyncClient, registered_as: str, origin: str
) -> None:
    await registered(engine, registered_as)

    answer = await http.options(TOKEN, headers=ASKED | {"Origin": origin})

    assert answer.headers["access-control-allow-origin"] == origin


async def test_its_refresh_can_be_read_by_the_browser(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    spa = await acme.client("spa", redirect_uris=["https://own.test/callback"])
    started = await start(signing_desk, ana, bob, client=spa)
    form = {"grant_type": "refresh_token", "refresh_token": started.refresh.token, "client_id": spa}

    answer = await http.post(TOKEN, data=form, headers={"Origin": "https://own.test"})
    refused = await http.post(TOKEN, data=form | {"scope": "root"}, headers={"Origin": "https://own.test"})

    assert (answer.status_code, refused.status_code) == (200, 400)
    for each in (answer, refused):
        assert each.headers["access-control-allow-origin"] == "https://own.test"
        assert "Origin" in each.headers["vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "https://good.test.evil.test",
        "http://good.test",
        "https://good.test:444",
        "null",
        "https://go%.test",
    ],
)
async def test_any_other_origin_is_not_named(engine: AsyncEngine, http: AsyncClient, origin: str) -> None:
    await registered(engine, "https://good.test")

    preflight = await http.options(TOKEN, headers=ASKED | {"Origin": origin})
    answer = await http.post(TOKEN, data={"grant_type": "x"}, headers={"Origin": origin})

    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in answer.headers


async def test_a_suspended_clients_origin_is_forgotten_soon(
    engine: AsyncEngine, http: AsyncClient, clock: Clock
) -> None:
    acme = await make_tenant(engine)
    spa = await acme.client("spa", redirect_uris=["https://gone.test/callback"])
    before = await http.options(TOKEN, headers=ASKED | {"Origin": "https://gone.test"})
    await acme.change(clients, clients.c.client_id == spa, status="suspended")
    clock.forward(seconds=31)

    after = await http.options(TOKEN, headers=ASKED | {"Origin": "https://gone.test"})

    assert "access-control-allow-origin" in before.headers
    assert "access-control-allow-origin" not in after.headers


async def test_the_admin_api_is_no_door_for_other_sites(engine: AsyncEngine, http: AsyncClient) -> None:
    await registered(engine, "https://panel.test")

    answer = await http.options("/api/admin/impersonate", headers=ASKED | {"Origin": "https://panel.test"})

    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/.well-known/jwks.json"])
async def test_a_registered_origin_may_discover(engine: AsyncEngine, http: AsyncClient, path: str) -> None:
    await registered(engine, "https://finder.test")

    answer = await http.get(path, headers={"Origin": "https://finder.test"})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://finder.test")
    assert answer.headers["vary"] == "Origin"


async def test_a_registered_origin_reads_when_to_try_again_and_why_it_was_refused(
    engine: AsyncEngine, http: AsyncClient
) -> None:
    await registered(engine, "https://patient.test")

    answer = await http.get("/oauth2/v1/userinfo", headers={"Origin": "https://patient.test"})

    assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True)
    assert answer.headers["access-control-expose-headers"] == "retry-after, www-authenticate"


@pytest.mark.parametrize(
    ("length", "path", "status"),
    [(MAX_BODY + 1, TOKEN, 413), (1, f"{TOKEN}?%zz", 400), (1, f"{TOKEN}?{'a' * (MAX_URI_PART + 1)}", 414)],
)
async def test_what_no_door_has_seen_can_be_read_by_the_browser(
    engine: AsyncEngine, http: AsyncClient, length: int, path: str, status: int
) -> None:
    await registered(engine, "https://clumsy.test")

    answer = await http.post(path, content=b"x" * length, headers={"Origin": "https://clumsy.test"})

    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "https://clumsy.test"
    assert answer.headers["vary"] == "Origin"


def told(called: ASGIApp, **more: Any) -> ASGIApp:
    """An application as a server calls it that says more of its requests."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await called({**scope, **more}, receive, send)

    return call


async def break_down(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError


async def test_a_fault_of_ours_can_be_read_by_the_browser(engine: AsyncEngine, app: FastAPI) -> None:
    await registered(engine, "https://unlucky.test")
    answers = Answers({}, note=app.state.rate_limits.count_failure)
    entrance = told(Entrance(break_down, settings=app.state.settings, answers=answers), app=app)

    answer = await send_bytes(entrance, "POST", TOKEN.encode(), headers=[(b"origin", b"https://unlucky.test")])

    assert answer.status == 500
    assert answer.headers["access-control-allow-origin"] == "https://unlucky.test"


async def test_nobody_is_looked_up_while_there_is_no_time_for_anybody(app: FastAPI) -> None:
    crowded = told(app, state={SURPLUS: True})

    async with statements_of(app.state.office.pattern.engine) as sent:
        answer = await send_bytes(crowded, "POST", TOKEN.encode(), headers=[(b"origin", b"https://late.test")])

    assert (answer.status, answer.headers["vary"]) == (503, "Origin")
    assert sent == []
