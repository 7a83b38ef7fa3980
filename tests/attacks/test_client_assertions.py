"""What somebody without the client's key may send in its name, and what an assertion is good for that he saw."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import TOKEN, Scene
from builders import SECRET, Organisation, active_sessions, make_tenant
from conftest import MASTER_KEY, Clock
from forgery import compact, pair
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from impersonator_api.tokens import read_unverified
from keyed import ISSUER, JWT_BEARER, Keyed, keyed_service

REFUSED = (401, "invalid_client")


@pytest.fixture
async def acme(engine: AsyncEngine) -> Organisation:
    return await make_tenant(engine)


@pytest.fixture
async def keyed(acme: Organisation, clock: Clock) -> Keyed:
    return await keyed_service(acme, clock)


@pytest.fixture
async def replica(database_url: str, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A second instance of the service on the same database."""
    app = create_app(Settings(master_key=MASTER_KEY), database_url=database_url, clock=clock, with_worker=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as client,
    ):
        yield client


async def answered(http: httpx.AsyncClient, form: dict[str, str]) -> tuple[int, str | None]:
    answer = await http.post(TOKEN, data=form)
    return answer.status_code, answer.json().get("error")


async def test_an_assertion_is_taken_once(http: httpx.AsyncClient, keyed: Keyed) -> None:
    form = keyed.form()

    assert [await answered(http, form) for _ in range(3)] == [(200, None), REFUSED, REFUSED]


async def test_an_assertion_is_taken_once_by_all_replicas_together(
    http: httpx.AsyncClient, replica: httpx.AsyncClient, keyed: Keyed
) -> None:
    form = keyed.form()

    assert await answered(http, form) == (200, None)
    assert await answered(replica, form) == REFUSED


async def test_of_many_at_once_one_is_taken(http: httpx.AsyncClient, replica: httpx.AsyncClient, keyed: Keyed) -> None:
    form = keyed.form()

    answers = await asyncio.gather(*(answered(client, form) for client in (http, replica) * 5))

    assert sorted(answers) == sorted([(200, None)] + [REFUSED] * 9)


async def test_an_assertion_is_used_up_though_its_request_failed(http: httpx.AsyncClient, keyed: Keyed) -> None:
    form = keyed.form()

    failed = await answered(http, form | {"scope": "something_else"})
    again = await answered(http, form)

    assert (failed, again) == ((400, "invalid_scope"), REFUSED)


async def test_another_door_does_not_take_it_again(http: httpx.AsyncClient, keyed: Keyed) -> None:
    proof = keyed.proof()
    (await http.post("/oauth2/v1/introspect", data={"token": "x"} | proof)).raise_for_status()

    assert await answered(http, {"grant_type": "client_credentials"} | proof) == REFUSED


async def test_two_clients_may_choose_the_same_jti(http: httpx.AsyncClient, acme: Organisation, clock: Clock) -> None:
    one, other = await keyed_service(acme, clock, "one"), await keyed_service(acme, clock, "other")

    answers = [await answered(http, each.form(each.assertion(jti="the-same"))) for each in (one, other)]

    assert answers == [(200, None), (200, None)]


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": None},
        {"iss": "https://evil.test"},
        {"iss": ISSUER},
        {"aud": None},
        {"aud": "https://another-server.test"},
        {"aud": [ISSUER, "https://another-server.test"]},
        {"aud": []},
        {"aud": f"{ISSUER}/"},
        {"aud": f"{ISSUER}/oauth2/v1/userinfo"},
        {"exp": None},
        {"exp": "2030"},
        {"exp": True},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 256},
    ],
    ids=str,
)
async def test_claims_that_do_not_fit_prove_nothing(
    http: httpx.AsyncClient, keyed: Keyed, changed: dict[str, Any]
) -> None:
    assert await answered(http, keyed.form(keyed.assertion(**changed))) == REFUSED


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -120), ("exp", 3600), ("iat", 3600), ("nbf", 3600)])
async def test_an_assertion_of_another_time_proves_nothing(
    http: httpx.AsyncClient, keyed: Keyed, clock: Clock, claim: str, seconds: int
) -> None:
    changed: dict[str, Any] = {claim: int(clock().timestamp()) + seconds}

    assert await answered(http, keyed.form(keyed.assertion(**changed))) == REFUSED


async def test_a_stranger_signs_in_nobodys_name(http: httpx.AsyncClient, keyed: Keyed) -> None:
    stranger = pair()
    forged = [
        keyed.assertion(stranger, {"kid": keyed.key.jwk["kid"]}),
        keyed.assertion(stranger),
        keyed.assertion(stranger, {"kid": None}),
        keyed.assertion(stranger, {"jwk": stranger.jwk, "jku": "https://evil.test/jwks", "kid": None}),
    ]

    assert {await answered(http, keyed.form(each)) for each in forged} == {REFUSED}


async def test_one_service_does_not_speak_for_another(
    http: httpx.AsyncClient, keyed: Keyed, acme: Organisation, clock: Clock
) -> None:
    other = await keyed_service(acme, clock, "other")

    in_its_name = keyed.assertion(iss=other.client_id, sub=other.client_id)
    about_it = keyed.assertion(sub=other.client_id)
    with_its_name = keyed.form(client_id=other.client_id)

    assert await answered(http, keyed.form(in_its_name)) == REFUSED
    assert await answered(http, keyed.form(about_it)) == REFUSED
    assert await answered(http, with_its_name) == (400, "invalid_request")


@pytest.mark.parametrize("typ", ["at+jwt", "rt+jwt", "dpop+jwt", "application/at+jwt", "DPoP+JWT"])
async def test_a_token_of_a_kind_of_ours_is_no_assertion(http: httpx.AsyncClient, keyed: Keyed, typ: str) -> None:
    assert await answered(http, keyed.form(keyed.assertion(header={"typ": typ}))) == REFUSED


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "RS256"}, {"crit": ["b64"]}], ids=str)
async def test_an_assertion_does_not_choose_its_algorithm(
    http: httpx.AsyncClient, keyed: Keyed, header: dict[str, Any]
) -> None:
    assert await answered(http, keyed.form(keyed.assertion(header=header))) == REFUSED


async def test_an_unsigned_assertion_proves_nothing(http: httpx.AsyncClient, keyed: Keyed) -> None:
    token = read_unverified(keyed.assertion())

    unsigned = compact(dict(token.header) | {"alg": "none"}, dict(token.claims))

    assert {await answered(http, keyed.form(each)) for each in (unsigned, "e30.e30.", "garbage")} == {REFUSED}


async def test_tokens_of_ours_are_no_assertions(http: httpx.AsyncClient, scene: Scene, keyed: Keyed) -> None:
    started = await scene.started()
    service = (await http.post(TOKEN, data=keyed.form())).json()["access_token"]

    for token in (service, started["access_token"], started["refresh_token"], scene.ana_token):
        for named in ({}, {"client_id": keyed.client_id}, {"client_id": scene.backoffice}):
            form = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER} | named
            status, _ = await answered(http, form | {"client_assertion": token})
            assert status in {400, 401}
    assert len(await active_sessions(scene.acme.engine, scene.ana)) == 1


async def test_two_methods_at_once_are_refused(http: httpx.AsyncClient, keyed: Keyed) -> None:
    by_post = await answered(http, keyed.form(client_secret=SECRET))
    by_basic = await http.post(TOKEN, data=keyed.form(), auth=(keyed.client_id, SECRET))

    assert by_post == (400, "invalid_request")
    assert (by_basic.status_code, by_basic.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("more", [{}, {"client_secret": ""}, {"client_secret": SECRET}], ids=str)
async def test_a_client_with_a_key_is_not_public_for_having_no_secret(
    http: httpx.AsyncClient, keyed: Keyed, more: dict[str, str]
) -> None:
    named = {"client_id": keyed.client_id} | more

    token = await answered(http, {"grant_type": "client_credentials"} | named)
    revoked = await http.post("/oauth2/v1/revoke", data={"token": "x"} | named)
    told = await http.post("/oauth2/v1/introspect", data={"token": "x"} | named)
    by_basic = await http.post("/oauth2/v1/revoke", data={"token": "x"}, auth=(keyed.client_id, ""))

    assert token == REFUSED
    assert {answer.status_code for answer in (revoked, told, by_basic)} == {401}


async def test_a_public_client_cannot_be_proven(http: httpx.AsyncClient, scene: Scene, clock: Clock) -> None:
    started = await scene.started()
    forger = Keyed(scene.spa, clock)
    form = {"grant_type": "refresh_token", "refresh_token": started["refresh_token"]}

    assert await answered(http, form | forger.proof()) == REFUSED
    assert (await scene.refreshed(started)).status_code == 200


async def test_a_suspended_clients_key_proves_nothing(
    http: httpx.AsyncClient, acme: Organisation, clock: Clock
) -> None:
    keyed = await keyed_service(acme, clock, status="suspended")

    assert await answered(http, keyed.form()) == REFUSED


async def test_every_failure_is_told_in_the_same_words(http: httpx.AsyncClient, keyed: Keyed, clock: Clock) -> None:
    used = keyed.form()
    await answered(http, used)
    forms = [
        used,
        keyed.form(keyed.assertion(pair())),
        keyed.form(keyed.assertion(aud="https://another-server.test")),
        keyed.form(keyed.assertion(exp=1)),
        keyed.form("garbage"),
        Keyed("nobody-knows", clock).form(),
        {"grant_type": "client_credentials", "client_id": keyed.client_id, "client_secret": SECRET},
        {"grant_type": "client_credentials", "client_id": "nobody-knows", "client_secret": SECRET},
    ]

    told = {(await http.post(TOKEN, data=form)).text for form in forms}

    assert len(told) == 1


async def test_an_assertion_is_never_told_again(http: httpx.AsyncClient, keyed: Keyed) -> None:
    assertion = keyed.assertion(aud="https://another-server.test")

    answer = await http.post(TOKEN, data=keyed.form(assertion))

    assert assertion not in answer.text
