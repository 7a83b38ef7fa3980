"""What a thief of tokens or of proofs can do without the key: nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import END, START, TOKEN, USERINFO, Scene, bearer, claims_of
from builders import SECRET, active_sessions
from conftest import MASTER_KEY, Clock
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from keyed import ISSUER
from proofs import Holder

ALGORITHMS = 'algs="ES256 ES384 ES512 RS256 RS384 RS512"'


@dataclass
class Theft:
    """A session whose SPA holds a key, and a thief with a key of his own."""

    scene: Scene
    holder: Holder
    thief: Holder
    tokens: dict[str, Any]

    @property
    def http(self) -> httpx.AsyncClient:
        return self.scene.doors.http

    @property
    def access(self) -> str:
        return str(self.tokens["access_token"])

    def refresh(self) -> dict[str, str]:
        """The form that trades the bound refresh token."""
        return {
            "grant_type": "refresh_token",
            "refresh_token": self.tokens["refresh_token"],
            "client_id": self.scene.spa,
        }


@pytest.fixture
async def theft(scene: Scene, clock: Clock) -> Theft:
    holder, started = Holder(clock), await scene.started()
    form = {"grant_type": "refresh_token", "refresh_token": started["refresh_token"], "client_id": scene.spa}
    tokens = (await holder.ask(scene.doors.http, form)).raise_for_status().json()
    return Theft(scene, holder, Holder(clock), tokens)


@pytest.fixture
async def replica(database_url: str, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A second instance of the service on the same database."""
    app = create_app(Settings(master_key=MASTER_KEY), database_url=database_url, clock=clock, with_worker=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as client,
    ):
        yield client


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("www-authenticate", "")


async def test_a_stolen_bound_token_is_worth_nothing_as_a_bearers(theft: Theft) -> None:
    answer = await theft.http.get(USERINFO, headers=bearer(theft.access))

    assert told(answer) == (401, f'DPoP error="invalid_token", {ALGORITHMS}')


@pytest.mark.parametrize(("method", "path"), [("GET", "/impersonation/context"), ("POST", END), ("POST", START)])
async def test_no_door_takes_a_bound_token_from_a_bearer(
    engine: AsyncEngine, theft: Theft, method: str, path: str
) -> None:
    in_header = await theft.http.request(method, path, headers=bearer(theft.access))
    in_cookie = await theft.http.request(
        method, path, headers={"Cookie": f"auth_token={theft.access}", "Sec-Fetch-Site": "same-origin"}
    )

    assert {answer.json()["code"] for answer in (in_header, in_cookie)} == {"token-bound"}
    assert len(await active_sessions(engine, theft.scene.ana)) == 1


async def test_a_proof_beside_a_bearers_token_changes_nothing(theft: Theft) -> None:
    proof = theft.holder.proof("GET", f"{ISSUER}{USERINFO}", token=theft.access)

    answer = await theft.http.get(USERINFO, headers=bearer(theft.access) | {"DPoP": proof})

    assert answer.json()["code"] == "token-bound"


async def test_a_token_that_is_not_bound_is_not_proven_by_a_proof(theft: Theft) -> None:
    answer = await theft.holder.get(theft.http, theft.scene.ana_token, USERINFO)

    assert told(answer) == (401, f'DPoP error="invalid_token", {ALGORITHMS}')
    assert answer.json()["code"] == "token-not-bound"


async def test_a_thiefs_own_key_proves_nothing_about_a_stolen_token(theft: Theft) -> None:
    answer = await theft.thief.get(theft.http, theft.access, USERINFO)

    assert told(answer) == (401, f'DPoP error="invalid_dpop_proof", {ALGORITHMS}')


async def test_a_bound_token_without_a_proof_is_refused(theft: Theft) -> None:
    answer = await theft.http.get(USERINFO, headers={"Authorization": f"DPoP {theft.access}"})

    assert told(answer) == (401, f'DPoP error="invalid_dpop_proof", {ALGORITHMS}')


async def test_a_proof_that_was_seen_opens_no_door_again(theft: Theft, replica: httpx.AsyncClient) -> None:
    headers = theft.holder.headers(theft.access, "GET", USERINFO)

    answers = [await each.get(USERINFO, headers=headers) for each in (theft.http, theft.http, replica)]

    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert {answer.json()["code"] for answer in answers[1:]} == {"invalid-dpop-proof"}


async def test_of_many_with_one_proof_one_is_let_in(theft: Theft, replica: httpx.AsyncClient) -> None:
    headers = theft.holder.headers(theft.access, "GET", USERINFO)

    answers = await asyncio.gather(*(each.get(USERINFO, headers=headers) for each in (theft.http, replica) * 5))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9


async def test_a_proof_is_used_up_though_its_request_was_refused(theft: Theft, replica: httpx.AsyncClient) -> None:
    headers = theft.holder.headers(theft.access, "POST", START)

    answers = [await each.post(START, headers=headers) for each in (theft.http, replica)]

    assert [answer.json()["code"] for answer in answers] == ["impersonation-token-not-allowed", "invalid-dpop-proof"]


async def test_a_proof_asks_for_tokens_once(http: httpx.AsyncClient, theft: Theft, replica: httpx.AsyncClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": theft.scene.backoffice, "client_secret": SECRET}
    proof = theft.holder.proof()

    answers = [await theft.holder.ask(each, form, proof) for each in (http, replica)]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"] == "invalid_dpop_proof"


async def test_a_proof_for_one_door_opens_no_other(theft: Theft) -> None:
    for method, url in (("POST", USERINFO), ("GET", "/impersonation/context"), ("GET", f"{USERINFO}/")):
        proof = theft.holder.proof(method, f"{ISSUER}{url}", token=theft.access)
        headers = {"Authorization": f"DPoP {theft.access}", "DPoP": proof}

        assert (await theft.http.get(USERINFO, headers=headers)).json()["code"] == "invalid-dpop-proof"


async def test_a_host_that_a_caller_names_is_not_what_is_proven(theft: Theft) -> None:
    proof = theft.holder.proof("GET", f"https://evil.test{USERINFO}", token=theft.access)
    headers = {"Authorization": f"DPoP {theft.access}", "DPoP": proof, "Host": "evil.test"}

    assert (await theft.http.get(USERINFO, headers=headers)).json()["code"] == "invalid-dpop-proof"


async def test_a_proof_for_one_token_does_not_serve_another(theft: Theft) -> None:
    renewed = (await theft.holder.ask(theft.http, theft.refresh())).raise_for_status().json()["access_token"]
    proof = theft.holder.proof("GET", f"{ISSUER}{USERINFO}", token=theft.access)

    answer = await theft.http.get(USERINFO, headers={"Authorization": f"DPoP {renewed}", "DPoP": proof})

    assert answer.json()["code"] == "invalid-dpop-proof"


async def test_two_proofs_are_no_proof(theft: Theft) -> None:
    proofs = [("DPoP", theft.holder.proof("GET", f"{ISSUER}{USERINFO}", token=theft.access)) for _ in range(2)]

    answer = await theft.http.get(USERINFO, headers=[("Authorization", f"DPoP {theft.access}"), *proofs])
    asked = await theft.http.post(TOKEN, data=theft.refresh(), headers=[("DPoP", theft.holder.proof())] * 2)

    assert answer.json()["code"] == "invalid-dpop-proof"
    assert asked.json()["error"] == "invalid_dpop_proof"


async def test_a_stolen_refresh_token_needs_the_key(engine: AsyncEngine, theft: Theft) -> None:
    without = await theft.http.post(TOKEN, data=theft.refresh())
    by_thief = await theft.thief.ask(theft.http, theft.refresh())
    by_holder = await theft.holder.ask(theft.http, theft.refresh())

    assert [answer.json().get("error") for answer in (without, by_thief, by_holder)] == [
        "invalid_dpop_proof",
        "invalid_grant",
        None,
    ]
    assert len(await active_sessions(engine, theft.scene.ana)) == 1


async def test_a_thief_cannot_ask_for_a_lost_answer_in_the_holders_place(scene: Scene, theft: Theft) -> None:
    started = await scene.started()
    form = {"grant_type": "refresh_token", "refresh_token": started["refresh_token"], "client_id": scene.spa}
    (await theft.holder.ask(theft.http, form)).raise_for_status()

    by_thief = await theft.thief.ask(theft.http, form)
    without = await theft.http.post(TOKEN, data=form)

    assert (by_thief.json()["error"], without.json()["error"]) == ("invalid_grant", "invalid_dpop_proof")


async def test_a_replayed_bound_refresh_token_still_ends_the_session(
    engine: AsyncEngine, theft: Theft, clock: Clock
) -> None:
    (await theft.holder.ask(theft.http, theft.refresh())).raise_for_status()

    clock.forward(seconds=11)
    replayed = await theft.holder.ask(theft.http, theft.refresh())

    assert replayed.json()["error"] == "invalid_grant"
    assert await active_sessions(engine, theft.scene.ana) == []


async def test_a_bound_token_is_not_handed_on_unproven(theft: Theft) -> None:
    service = await theft.scene.doors.service_token(theft.scene.backoffice)

    answer = await theft.scene.doors.on_behalf(service, theft.access, theft.scene.bob, theft.scene.spa)

    assert (answer.status_code, answer.json()["code"]) == (401, "token-bound")


async def test_a_proof_is_no_token_and_a_token_no_proof(theft: Theft) -> None:
    proof = theft.holder.proof("GET", f"{ISSUER}{USERINFO}", token=theft.access)

    as_token = await theft.http.get(USERINFO, headers=bearer(proof))
    as_proof = await theft.http.get(USERINFO, headers={"Authorization": f"DPoP {theft.access}", "DPoP": theft.access})

    assert as_token.json()["code"] == "invalid-token"
    assert as_proof.json()["code"] == "invalid-dpop-proof"


async def test_an_ended_sessions_bound_token_is_dead_for_its_holder_too(theft: Theft) -> None:
    (await theft.scene.doors.end(theft.scene.ana_token)).raise_for_status()

    answer = await theft.holder.get(theft.http, theft.access, USERINFO)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")


async def test_a_key_of_its_own_choice_is_not_written_into_a_token_by_a_client(theft: Theft) -> None:
    form = theft.refresh() | {"cnf": '{"jkt": "evil"}', "dpop_jkt": theft.thief.thumbprint}

    answer = (await theft.holder.ask(theft.http, form)).raise_for_status().json()

    assert claims_of(answer["access_token"])["cnf"] == {"jkt": theft.holder.thumbprint}
