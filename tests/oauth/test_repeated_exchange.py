"""An exchange that is sent again under its Idempotency-Key is answered as before, and nothing is done twice."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import claims_of
from builders import SECRET, audit_of, session_row
from conftest import Clock
from house.test_statement_counts import counted
from impersonator_api.directory.tables import users
from oauth.exchanging import ACCESS_TOKEN, EXCHANGE, REFRESH_TOKEN, USER_ID, Trade
from proofs import Holder

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


async def ask(trade: Trade, client_id: str | None = None, *, holder: Holder | None = None, **form: Any) -> Response:
    """The agent exchanges Bob's id, under the one key."""
    headers = KEY | ({} if holder is None else {"DPoP": holder.proof()})
    asked = {"grant_type": EXCHANGE, "subject_token": str(trade.bob.id), "subject_token_type": USER_ID} | form
    auth = (client_id or trade.agent, SECRET)
    return await trade.http.post("/oauth2/v1/token", data=asked, auth=auth, headers=headers)


def said(answer: Response) -> Any:
    """What an answer's token says."""
    return claims_of(answer.raise_for_status().json()["access_token"])


async def actions(engine: AsyncEngine, trade: Trade) -> Counter[str]:
    """What the audit has, without refusals."""
    return Counter(entry.action for entry in await audit_of(engine, trade.acme) if "refused" not in entry.action)


@pytest.mark.parametrize("kind", [ACCESS_TOKEN, REFRESH_TOKEN])
async def test_the_same_exchange_gets_the_same_token(
    engine: AsyncEngine, trade: Trade, clock: Clock, kind: str
) -> None:
    first = await ask(trade, requested_token_type=kind)
    clock.forward(seconds=10)
    again = await ask(trade, requested_token_type=kind)

    assert said(again) == said(first)
    assert first.json()["expires_in"] - again.json()["expires_in"] == 10
    times = {"expires_in", "access_token"}
    assert [{k: v for k, v in each.json().items() if k not in times} for each in (first, again)] == [
        {k: v for k, v in first.json().items() if k not in times}
    ] * 2
    assert await actions(engine, trade) == {"session.started": 1}


async def test_twenty_exchanges_at_once_open_one_session(engine: AsyncEngine, trade: Trade) -> None:
    answers = await asyncio.gather(*[ask(trade) for _ in range(20)])

    # On a slow machine the twentieth may wait too long for a connection, and is told so.
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len({said(answer)["jti"] for answer in answers if answer.status_code == 200}) == 1
    assert await actions(engine, trade) == {"session.started": 1}


async def test_a_token_is_handed_on_once(engine: AsyncEngine, trade: Trade) -> None:
    token = (await trade.as_user(trade.bob))["access_token"]
    form = {"subject_token": token, "subject_token_type": ACCESS_TOKEN}

    first, again = await ask(trade, trade.orders, **form), await ask(trade, trade.orders, **form)

    assert said(first) == said(again)
    assert (await actions(engine, trade)).total() == 2


async def test_another_exchange_under_the_same_key_is_refused(engine: AsyncEngine, trade: Trade) -> None:
    await ask(trade)

    answers = [await ask(trade, reason="Another"), await ask(trade, scope="profile")]

    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(400, "invalid_request")}
    codes = [entry.code for entry in await audit_of(engine, trade.acme)]
    assert codes.count("idempotency-key-reused") == 2


async def test_an_exchange_whose_session_is_over_is_not_answered_again(engine: AsyncEngine, trade: Trade) -> None:
    sid = said(await ask(trade))["sid"]
    await trade.acme.change(users, users.c.id == trade.bob.id, status="suspended")

    again = await ask(trade)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
    assert (await session_row(engine, sid)).end_reason == "target_changed"


async def test_a_bound_token_is_signed_again_for_its_key_alone(trade: Trade, clock: Clock) -> None:
    holder = Holder(clock)
    first = await ask(trade, holder=holder)

    again, another, none = (
        await ask(trade, holder=holder),
        await ask(trade, holder=Holder(clock)),
        await ask(trade),
    )

    assert said(again) == said(first)
    assert [answer.json()["error"] for answer in (another, none)] == ["invalid_request"] * 2


async def test_who_repeats_must_prove_himself_again(trade: Trade) -> None:
    await ask(trade)

    form = {"grant_type": EXCHANGE, "subject_token": str(trade.bob.id), "subject_token_type": USER_ID}
    answer = await trade.http.post("/oauth2/v1/token", data=form, auth=(trade.agent, "wrong"), headers=KEY)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_what_is_no_key_is_an_invalid_request(trade: Trade) -> None:
    answer = await trade.http.post("/oauth2/v1/token", data={"grant_type": EXCHANGE}, headers={"Idempotency-Key": '"'})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_an_exchange_under_a_key_takes_three_and_its_repeat_two(app: FastAPI, trade: Trade) -> None:
    async with counted(app) as first:
        await ask(trade)
    async with counted(app) as again:
        await ask(trade)

    assert (len(first), len(again)) == (3, 2)
