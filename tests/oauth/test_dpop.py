"""Tokens that are bound to a key (RFC 9449), at every grant and door."""

from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import TOKEN, USERINFO, Doors, Scene, claims_of, make_scene
from builders import SECRET
from conftest import Clock
from impersonator_api.directory.tables import clients
from impersonator_api.tokens import VERIFIABLE
from impersonator_api.work import Desk
from keyed import keyed_service
from proofs import Holder


@pytest.fixture
async def scene(engine: AsyncEngine, signing_desk: Desk, http: AsyncClient) -> Scene:
    return await make_scene(engine, signing_desk, Doors(http))


@pytest.fixture
def holder(clock: Clock) -> Holder:
    return Holder(clock)


def refresh_form(scene: Scene, token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token, "client_id": scene.spa}


def answered(answer: Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("error")


async def bound_tokens(scene: Scene, holder: Holder, **wish: Any) -> dict[str, Any]:
    """A session whose SPA has come with its key."""
    started = await scene.started(**wish)
    answer = await holder.ask(scene.doors.http, refresh_form(scene, started["refresh_token"]))
    tokens: dict[str, Any] = answer.raise_for_status().json()
    return tokens


async def test_a_services_token_is_bound_where_it_sends_a_proof(
    http: AsyncClient, scene: Scene, holder: Holder
) -> None:
    form = {"grant_type": "client_credentials", "client_id": scene.backoffice, "client_secret": SECRET}

    answer = (await holder.ask(http, form)).raise_for_status().json()

    assert answer["token_type"] == "DPoP"
    assert claims_of(answer["access_token"])["cnf"] == {"jkt": holder.thumbprint}
    assert answered(await holder.get(http, answer["access_token"], "/api/v1/apps")) == (200, None)


async def test_assertion_and_proof_go_together(http: AsyncClient, scene: Scene, clock: Clock, holder: Holder) -> None:
    keyed = await keyed_service(scene.acme, clock)

    answer = (await holder.ask(http, keyed.form())).raise_for_status().json()

    assert answer["token_type"] == "DPoP"


async def test_a_refresh_binds_both_tokens_of_a_public_client(scene: Scene, holder: Holder) -> None:
    tokens = await bound_tokens(scene, holder)

    bound = {"jkt": holder.thumbprint}
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == claims_of(tokens["refresh_token"])["cnf"] == bound


async def test_a_bound_refresh_token_stays_bound(http: AsyncClient, scene: Scene, holder: Holder) -> None:
    tokens = await bound_tokens(scene, holder)

    for _ in range(2):
        tokens = (await holder.ask(http, refresh_form(scene, tokens["refresh_token"]))).raise_for_status().json()

    assert claims_of(tokens["refresh_token"])["cnf"] == {"jkt": holder.thumbprint}


async def test_without_a_proof_nothing_is_bound(scene: Scene) -> None:
    tokens = (await scene.refreshed(await scene.started())).json()

    assert tokens["token_type"] == "Bearer"
    assert "cnf" not in claims_of(tokens["access_token"])


async def test_a_token_that_is_sent_again_and_again_is_replaced_once_when_it_is_bound(
    http: AsyncClient, scene: Scene, holder: Holder
) -> None:
    await scene.acme.change(clients, clients.c.client_id == scene.spa, refresh_policy="reuse")
    tokens = await bound_tokens(scene, holder)

    again = [await holder.ask(http, refresh_form(scene, tokens["refresh_token"])) for _ in range(2)]

    assert claims_of(tokens["refresh_token"])["cnf"] == {"jkt": holder.thumbprint}
    assert [answered(each) for each in again] == [(200, None), (200, None)]
    assert ["refresh_token" in each.json() for each in again] == [False, False]


async def test_a_lost_answer_is_given_again_to_the_same_key(http: AsyncClient, scene: Scene, holder: Holder) -> None:
    started = await scene.started()
    form = refresh_form(scene, started["refresh_token"])
    first = (await holder.ask(http, form)).raise_for_status().json()

    again = (await holder.ask(http, form)).raise_for_status().json()

    assert claims_of(again["refresh_token"]) == claims_of(first["refresh_token"])


async def test_a_hand_over_binds_what_it_hands_over(http: AsyncClient, scene: Scene, holder: Holder) -> None:
    started = await scene.started()
    (link,) = started["handover"]
    form = {
        "grant_type": "urn:impersonator:params:oauth:grant-type:handover",
        "client_id": scene.spa,
        "redirect_uri": link["redirect_uri"],
        "code": link["url"].rpartition("handover_code=")[2],
    }

    tokens = (await holder.ask(http, form)).raise_for_status().json()

    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == claims_of(tokens["refresh_token"])["cnf"]


async def test_a_client_that_is_always_bound_must_send_a_proof(http: AsyncClient, scene: Scene, holder: Holder) -> None:
    service = await scene.acme.client("bound", kind="service", scopes=["root"], dpop_bound=True)
    form = {"grant_type": "client_credentials", "client_id": service, "client_secret": SECRET}

    without = await http.post(TOKEN, data=form)
    with_one = await holder.ask(http, form)

    assert answered(without) == (400, "invalid_dpop_proof")
    assert with_one.json()["token_type"] == "DPoP"


async def test_a_browser_application_that_is_always_bound_gets_no_token_to_bear(
    http: AsyncClient, scene: Scene, holder: Holder
) -> None:
    await scene.acme.change(clients, clients.c.client_id == scene.spa, dpop_bound=True)
    started = await scene.started()
    form = refresh_form(scene, started["refresh_token"])

    without = await http.post(TOKEN, data=form)
    with_one = await holder.ask(http, form)

    assert (started["access_token"], started["token"]) == (None, None)
    assert answered(without) == (400, "invalid_dpop_proof")
    assert with_one.json()["token_type"] == "DPoP"


async def test_a_bound_token_opens_the_doors_with_a_proof_for_each(scene: Scene, holder: Holder) -> None:
    tokens = await bound_tokens(scene, holder)
    http, token = scene.doors.http, tokens["access_token"]

    who = await holder.get(http, token, USERINFO)
    context = await holder.get(http, token, "/impersonation/context")
    end = "/api/admin/impersonate/end"
    ended = await http.post(end, headers=holder.headers(token, "POST", end))

    assert who.json()["impersonated_by"] == str(scene.ana.id)
    assert context.json()["data"]["isImpersonated"] is True
    assert ended.status_code == 200


async def test_a_query_is_no_part_of_what_is_proven(scene: Scene, holder: Holder) -> None:
    tokens = await bound_tokens(scene, holder)

    headers = holder.headers(tokens["access_token"], "GET", USERINFO)
    answer = await scene.doors.http.get(USERINFO, params={"a": "b"}, headers=headers)

    assert answer.status_code == 200


async def test_logging_out_takes_a_proof_too(scene: Scene, holder: Holder) -> None:
    tokens = await bound_tokens(scene, holder)
    path = "/identity/v1/logout"

    headers = holder.headers(tokens["access_token"], "POST", path)
    answer = await scene.doors.http.post(path, data={"refresh_token": tokens["refresh_token"]}, headers=headers)

    assert answer.json()["success"] is True


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_introspection_tells_the_key(scene: Scene, holder: Holder, kind: str) -> None:
    tokens = await bound_tokens(scene, holder)

    told = (await scene.doors.introspect(tokens[kind], scene.backoffice)).json()

    assert told["cnf"] == {"jkt": holder.thumbprint}
    assert told.get("token_type") == ("DPoP" if kind == "access_token" else None)


async def test_introspection_tells_how_a_services_token_is_sent(
    http: AsyncClient, scene: Scene, holder: Holder
) -> None:
    form = {"grant_type": "client_credentials", "client_id": scene.backoffice, "client_secret": SECRET}
    token = (await holder.ask(http, form)).json()["access_token"]

    told = (await scene.doors.introspect(token, scene.backoffice)).json()

    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": holder.thumbprint})


async def test_giving_a_bound_token_back_needs_no_proof(scene: Scene, holder: Holder) -> None:
    tokens = await bound_tokens(scene, holder)

    answer = await scene.doors.revoke(tokens["refresh_token"], scene.spa)

    assert answer.status_code == 200
    assert (await holder.get(scene.doors.http, tokens["access_token"], USERINFO)).status_code == 401


async def test_the_metadata_names_the_algorithms(http: AsyncClient) -> None:
    answer = (await http.get("/.well-known/oauth-authorization-server")).json()

    assert answer["dpop_signing_alg_values_supported"] == sorted(VERIFIABLE)
