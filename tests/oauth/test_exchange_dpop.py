"""Exchange and DPoP: what comes out is bound to the key that asks, and what goes in was not stolen."""

from typing import Any

import pytest
from httpx import Response

from attacks.doors import claims_of
from builders import SECRET
from conftest import Clock
from impersonator_api.directory.tables import clients
from proofs import Holder

from .exchanging import ACCESS_TOKEN, EXCHANGE, REFRESH_TOKEN, USER_ID, Trade


@pytest.fixture
def holder(clock: Clock) -> Holder:
    return Holder(clock)


async def ask(trade: Trade, client_id: str, *, holder: Holder | None = None, **form: str) -> Response:
    headers = {} if holder is None else {"DPoP": holder.proof()}
    sent = {"grant_type": EXCHANGE, "subject_token_type": ACCESS_TOKEN} | form
    return await trade.http.post("/oauth2/v1/token", data=sent, auth=(client_id, SECRET), headers=headers)


def as_bob(trade: Trade) -> dict[str, Any]:
    return {"subject_token": str(trade.bob.id), "subject_token_type": USER_ID}


async def test_an_exchanged_token_is_bound_to_the_key_that_asked(trade: Trade, holder: Holder) -> None:
    answer = (await ask(trade, trade.agent, holder=holder, **as_bob(trade))).raise_for_status().json()

    who = await holder.get(trade.http, answer["access_token"], "/oauth2/v1/userinfo")

    assert answer["token_type"] == "DPoP"
    assert who.json()["sub"] == str(trade.bob.id)


async def test_a_services_refresh_token_is_bound_by_its_own_authentication(trade: Trade, holder: Holder) -> None:
    asked = await ask(trade, trade.agent, holder=holder, requested_token_type=REFRESH_TOKEN, **as_bob(trade))
    answer = asked.raise_for_status().json()
    form = {"grant_type": "refresh_token", "refresh_token": answer["access_token"]}

    without, with_another = [
        await trade.http.post("/oauth2/v1/token", data=form, auth=(trade.agent, SECRET), headers=headers)
        for headers in ({}, {"DPoP": Holder(holder.clock).proof()})
    ]

    assert (answer["token_type"], without.json()["token_type"]) == ("N_A", "Bearer")
    assert "cnf" not in claims_of(answer["access_token"])
    assert with_another.json()["token_type"] == "DPoP"


async def test_a_service_that_is_always_bound_exchanges_with_a_proof(trade: Trade, holder: Holder) -> None:
    await trade.acme.change(clients, clients.c.client_id == trade.agent, dpop_bound=True)

    without = await ask(trade, trade.agent, **as_bob(trade))
    with_one = await ask(trade, trade.agent, holder=holder, **as_bob(trade))

    assert (without.status_code, without.json()["error"]) == (400, "invalid_dpop_proof")
    assert with_one.json()["token_type"] == "DPoP"


async def test_a_bound_token_is_exchanged_by_whoever_holds_its_key_alone(trade: Trade, holder: Holder) -> None:
    given = (await ask(trade, trade.agent, holder=holder, **as_bob(trade))).raise_for_status().json()["access_token"]

    stolen = await ask(trade, trade.orders, subject_token=given)
    by_a_thief = await ask(trade, trade.orders, holder=Holder(holder.clock), subject_token=given)
    by_the_holder = await ask(trade, trade.agent, holder=holder, subject_token=given)

    assert [answer.json().get("error") for answer in (stolen, by_a_thief, by_the_holder)] == [
        "invalid_request",
        "invalid_request",
        None,
    ]
