"""What every request at the token endpoint meets, whatever the grant (RFC 6749 §2.3, §3.2, §5)."""

import re
from base64 import b64encode
from hashlib import sha256
from urllib.parse import quote_plus

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, make_tenant, start
from impersonator_api.directory.tables import clients
from impersonator_api.work import Desk

TOKEN = "/oauth2/v1/token"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ODD_SECRET = "50% more + a colon: and ünï, all of it in one secret"
NEW_SECRET = "the-second-of-two-that-are-valid-at-a-time"


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


@pytest.fixture
async def service(engine: AsyncEngine) -> str:
    acme = await make_tenant(engine)
    return await acme.client("backend", kind="service", scopes=["root", "read_user"])


async def ask(http: AsyncClient, form: str, client_id: str, secret: str = SECRET) -> Response:
    return await http.post(TOKEN, content=form, headers=FORM, auth=(client_id, secret))


@pytest.mark.parametrize(
    ("form", "status"),
    [("grant_type=client_credentials", 200), ("grant_type=refresh_token&refresh_token=x", 400), ("", 400)],
)
async def test_no_cache_keeps_an_answer(http: AsyncClient, service: str, form: str, status: int) -> None:
    answer = await ask(http, form, service)

    assert answer.status_code == status
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_tokens_are_asked_for_by_post_alone(http: AsyncClient, method: str) -> None:
    answer = await http.request(method, TOKEN, params={"grant_type": "client_credentials"})

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("grant", ["password", "implicit", "authorization_code", "CLIENT_CREDENTIALS"])
async def test_other_grants_are_not_offered(http: AsyncClient, service: str, grant: str) -> None:
    answer = await ask(http, f"grant_type={grant}&username=ana&password=x", service)

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("parameter", ["grant_type=client_credentials", "scope=root", "unheard=of"])
async def test_a_parameter_that_comes_twice_is_an_invalid_request(
    http: AsyncClient, service: str, parameter: str
) -> None:
    answer = await ask(http, f"grant_type=client_credentials&{parameter}&{parameter}", service)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_an_empty_scope_is_one_left_out(http: AsyncClient, service: str) -> None:
    answer = await ask(http, "grant_type=client_credentials&scope=", service)

    assert answer.json()["scope"] == "read_user root"


async def test_an_unknown_scope_is_told_and_not_left_out(http: AsyncClient, service: str) -> None:
    answer = await ask(http, "grant_type=client_credentials&scope=root+made-up", service)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_service_gets_no_refresh_token_for_itself(http: AsyncClient, service: str) -> None:
    answer = await ask(http, "grant_type=client_credentials", service)

    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "expires_on", "scope"}


async def test_a_secret_is_form_encoded_inside_basic(engine: AsyncEngine, http: AsyncClient) -> None:
    acme = await make_tenant(engine)
    odd = await acme.client("odd", kind="service", scopes=["root"])
    await acme.change(clients, clients.c.client_id == odd, secret_digests=[_digest(ODD_SECRET)])
    credentials = b64encode(f"{odd}:{quote_plus(ODD_SECRET)}".encode()).decode()

    form = {"grant_type": "client_credentials"}
    answer = await http.post(TOKEN, data=form, headers={"Authorization": f"Basic {credentials}"})

    assert answer.status_code == 200


async def test_two_ways_to_send_a_secret_are_one_too_many(http: AsyncClient, service: str) -> None:
    answer = await ask(http, f"grant_type=client_credentials&client_secret={SECRET}", service)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_two_clients_in_one_request_are_one_too_many(http: AsyncClient, service: str) -> None:
    answer = await ask(http, "grant_type=client_credentials&client_id=another", service)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_while_a_secret_is_changed_either_is_good(engine: AsyncEngine, http: AsyncClient) -> None:
    acme = await make_tenant(engine)
    changing = await acme.client("changing", kind="service", scopes=["root"])
    digests = [_digest(SECRET), _digest(NEW_SECRET)]
    await acme.change(clients, clients.c.client_id == changing, secret_digests=digests)

    answers = [await ask(http, "grant_type=client_credentials", changing, secret) for secret in (SECRET, NEW_SECRET)]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_tokens_are_of_letters_that_no_url_encodes(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    started = await start(signing_desk, await acme.person("ana", "super_admin"), await acme.person("bob", "customer"))

    for token in (started.access.token, started.refresh.token):
        assert re.fullmatch(r"[A-Za-z0-9._-]+", token)


async def test_a_bad_token_is_challenged_by_name(http: AsyncClient) -> None:
    answer = await http.get("/oauth2/v1/userinfo", headers={"Authorization": "Bearer garbage"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
