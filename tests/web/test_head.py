"""HEAD works wherever GET does (RFC 9110 §9.3.2): the same status and header fields, and no body."""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import Doors, make_scene
from builders import SECRET
from conftest import MASTER_KEY, Clock
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from impersonator_api.work import Desk
from proofs import Holder
from serving import Served, serving, talk

OF_THE_REQUEST = {"x-request-id", "traceresponse"}


def lasting(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_THE_REQUEST}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/.well-known/jwks.json", 200),
        ("/.well-known/oauth-authorization-server", 200),
        ("/problems/conflict", 200),
        ("/oauth2/v1/userinfo", 401),
        ("/api/admin/impersonate/sessions", 401),
        ("/impersonation/active", 401),
        ("/nothing/here", 404),
    ],
)
async def test_head_answers_as_get_does(http: httpx.AsyncClient, path: str, status: int) -> None:
    get, head = await http.get(path), await http.head(path)

    assert head.status_code == get.status_code == status
    assert lasting(head).keys() == lasting(get).keys()


async def test_head_is_no_way_round_a_door_that_changes_something(http: httpx.AsyncClient) -> None:
    answer = await http.head("/oauth2/v1/token")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_who_is_told_of_get_is_told_of_head(http: httpx.AsyncClient) -> None:
    answer = await http.post("/health/live")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


async def test_a_proof_for_head_is_signed_for_head(
    engine: AsyncEngine, signing_desk: Desk, http: httpx.AsyncClient, clock: Clock
) -> None:
    scene, holder, path = await make_scene(engine, signing_desk, Doors(http)), Holder(clock), "/api/v1/apps"
    form = {"grant_type": "client_credentials", "client_id": scene.backoffice, "client_secret": SECRET}
    token = (await holder.ask(http, form)).raise_for_status().json()["access_token"]

    answer = await http.head(path, headers=holder.headers(token, "HEAD", path))
    of_a_get = await http.head(path, headers=holder.headers(token, "GET", path))

    assert (answer.status_code, of_a_get.status_code) == (200, 401)


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    """The real service at a real socket."""
    app = create_app(Settings(master_key=MASTER_KEY), database_url=database_url, with_worker=False)
    async with serving(app, lifespan="on") as served:
        yield served


@pytest.mark.parametrize("path", [b"/health/live", b"/.well-known/oauth-authorization-server"])
async def test_no_body_follows_on_the_wire(served: Served, path: bytes) -> None:
    heard = await talk(served.port, b"HEAD " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: " in head
    assert body == b""
