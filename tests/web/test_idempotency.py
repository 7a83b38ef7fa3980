"""A request that is sent again under its key gets its answer again, and nothing is done twice."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, Someone, active_sessions, audit_of, make_tenant, ordinary_token, session_row
from conftest import Clock
from impersonator_api import sessions
from impersonator_api.directory.tables import users
from impersonator_api.sessions.tables import idempotency_keys, impersonation_sessions
from impersonator_api.tokens import read_unverified
from impersonator_api.work import Desk

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
START = "/api/admin/impersonate"
ENVELOPED = "/impersonation/start"


@dataclass(frozen=True)
class Panel:
    """Ana's admin panel, which sends what it sends under keys."""

    http: httpx.AsyncClient
    acme: Organisation
    ana: Someone
    bob: Someone
    spa: str
    token: str

    async def start(self, *keys: str, token: str | None = None, **wish: Any) -> httpx.Response:
        """Ask to act as Bob."""
        body = {"target_user_id": str(self.bob.id), "client_id": self.spa, "reason": "Locked out"} | wish
        return await self.http.post(START, json=body, headers=self.headers(*keys, token=token))

    def headers(self, *keys: str, token: str | None = None) -> list[tuple[str, str]]:
        """The fields of a request with these keys."""
        return [("Authorization", f"Bearer {token or self.token}"), *[("Idempotency-Key", key) for key in keys]]


@pytest.fixture
async def panel(engine: AsyncEngine, http: httpx.AsyncClient, signing_desk: Desk) -> Panel:
    """Ana, who may act as Bob."""
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    return Panel(http, acme, ana, bob, await acme.client("spa"), await ordinary_token(signing_desk, ana))


def claims_of(answer: httpx.Response, name: str = "access_token") -> Any:
    """What an answer's token says."""
    return read_unverified(answer.raise_for_status().json()[name]).claims


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem."""
    return answer.status_code, answer.json().get("code", "")


async def sessions_of(engine: AsyncEngine, panel: Panel) -> int:
    """How many sessions Ana ever had."""
    of_ana = impersonation_sessions.c.impersonator_id == panel.ana.id
    async with engine.connect() as db:
        return int((await db.execute(select(func.count()).where(of_ana))).scalar_one())


async def test_the_same_request_gets_the_same_answer(engine: AsyncEngine, panel: Panel, clock: Clock) -> None:
    first = await panel.start(KEY)
    clock.forward(seconds=10)
    again = await panel.start(KEY)

    assert claims_of(again) == claims_of(first)
    assert claims_of(again, "refresh_token") == claims_of(first, "refresh_token")
    assert (first.json()["expires_in"], again.json()["expires_in"]) == (300, 290)
    assert [entry.action for entry in await audit_of(engine, panel.acme)] == ["session.started"]


async def test_a_repeat_does_not_make_tokens_live_longer(panel: Panel, clock: Clock) -> None:
    first = await panel.start(KEY)
    clock.forward(minutes=6)
    again = await panel.start(KEY)

    assert claims_of(again)["exp"] == claims_of(first)["exp"]
    assert again.json()["expires_in"] == 0
    assert (first.json()["refresh_token_expires_in"], again.json()["refresh_token_expires_in"]) == (1800, 1440)


async def test_twenty_at_once_begin_one_session(engine: AsyncEngine, panel: Panel) -> None:
    answers = await asyncio.gather(*[panel.start(KEY) for _ in range(20)])

    answered = [answer for answer in answers if answer.status_code == 200]
    # On a slow machine the twentieth may wait too long for a connection, and is told so.
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len({claims_of(answer)["jti"] for answer in answered}) == 1
    assert await sessions_of(engine, panel) == 1
    assert Counter(entry.action for entry in await audit_of(engine, panel.acme)) == {"session.started": 1}


async def test_another_request_under_the_same_key_is_refused(engine: AsyncEngine, panel: Panel) -> None:
    await panel.start(KEY)

    others = [await panel.start(KEY, reason="Another"), await panel.start(KEY, duration_seconds=60)]

    assert {code_of(answer) for answer in others} == {(422, "idempotency-key-reused")}
    assert await sessions_of(engine, panel) == 1


async def test_the_same_meaning_in_other_words_is_the_same_request(panel: Panel, clock: Clock) -> None:
    end = clock() + timedelta(minutes=10)
    one: dict[str, Any] = {"expires_at": end.isoformat(), "metadata": {"x": 1, "y": [2]}, "ticket": None}
    other: dict[str, Any] = {
        "metadata": {"y": [2], "x": 1},
        "expires_at": end.astimezone(timezone(timedelta(hours=2))).isoformat(),
    }

    first, again = await panel.start(KEY, **one), await panel.start(KEY, **other)

    assert claims_of(first) == claims_of(again)


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
async def test_an_instant_at_the_edge_of_time_has_a_meaning_too(panel: Panel, end: str) -> None:
    assert (await panel.start(KEY, expires_at=end)).status_code == 422


async def test_without_a_key_everything_is_done_again(engine: AsyncEngine, panel: Panel) -> None:
    first, second = await panel.start(), await panel.start()

    assert claims_of(first)["sid"] != claims_of(second)["sid"]
    assert await sessions_of(engine, panel) == 2


async def test_a_key_is_quoted_or_not(panel: Panel) -> None:
    bare, quoted = await panel.start(KEY), await panel.start(f'"{KEY}"')
    escaped = await panel.start(r'"a\"b"'), await panel.start('a"b'), await panel.start("k" * 255)

    assert claims_of(bare)["sid"] == claims_of(quoted)["sid"]
    assert [answer.status_code for answer in escaped] == [200, 400, 200]


@pytest.mark.parametrize(
    "keys", [["a", "b"], ["a", "a"], [""], ["a b"], ['"a'], ['"a"b'], ['""'], ["a\tb"], ["a" * 256]]
)
async def test_what_is_no_key_is_refused(engine: AsyncEngine, panel: Panel, keys: list[str]) -> None:
    answer = await panel.start(*keys)

    assert code_of(answer) == (400, "idempotency-key-malformed")
    assert await sessions_of(engine, panel) == 0


async def test_a_key_is_its_callers_own(engine: AsyncEngine, panel: Panel, signing_desk: Desk) -> None:
    lea = await panel.acme.person("lea", "super_admin")
    globex = await make_tenant(engine, "globex")
    zoe, bob = await globex.person("zoe", "super_admin"), await globex.person("bob", "customer")

    first = await panel.start(KEY)
    of_lea = await panel.start(KEY, token=await ordinary_token(signing_desk, lea))
    token = await ordinary_token(signing_desk, zoe)
    of_zoe = await panel.start(KEY, token=token, target_user_id=str(bob.id), client_id=None)

    assert len({claims_of(answer)["sid"] for answer in (first, of_lea, of_zoe)}) == 3


async def test_a_key_is_its_doors_own(panel: Panel) -> None:
    body = {"impersonatedUserId": str(panel.bob.id)}
    await panel.start(KEY)

    answer = await panel.http.post(ENVELOPED, json=body, headers=panel.headers(KEY))

    assert code_of(answer) == (409, "session-already-active")


async def test_the_doors_in_camel_case_take_keys_too(engine: AsyncEngine, panel: Panel) -> None:
    body = {"impersonatedUserId": str(panel.bob.id)}

    answers = [await panel.http.post(ENVELOPED, json=body, headers=panel.headers(KEY)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    assert await sessions_of(engine, panel) == 1


async def test_a_backends_key_names_one_session_of_one_person(
    engine: AsyncEngine, panel: Panel, signing_desk: Desk
) -> None:
    lea = await panel.acme.person("lea", "super_admin")
    backend = await panel.acme.client("backoffice", kind="service", scopes=["impersonation"])
    form = {"grant_type": "client_credentials"}
    service = (await panel.http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).json()["access_token"]

    async def ask(token: str) -> httpx.Response:
        path, body = f"/api/v1/users/{panel.bob.id}/impersonation/{panel.spa}", {"impersonatorToken": token}
        return await panel.http.post(path, json=body, headers=panel.headers(KEY, token=service))

    # Ana has logged in again between the two: her token is another one, her request the same.
    first, again = await ask(panel.token), await ask(await ordinary_token(signing_desk, panel.ana, scope="profile"))
    of_lea = await ask(await ordinary_token(signing_desk, lea))

    assert claims_of(first, "refresh_token") == claims_of(again, "refresh_token")
    assert code_of(of_lea) == (422, "idempotency-key-reused")
    assert await sessions_of(engine, panel) == 1


async def test_an_answer_of_a_session_that_is_over_is_not_given_again(engine: AsyncEngine, panel: Panel) -> None:
    await panel.start(KEY)
    (await panel.http.post(f"{START}/end", headers=panel.headers())).raise_for_status()

    again, anew = await panel.start(KEY), await panel.start("another")

    assert (code_of(again), anew.status_code) == ((409, "idempotency-session-over"), 200)
    assert len(await active_sessions(engine, panel.ana)) == 1


async def test_a_repeat_is_decided_by_what_is_in_force_then(engine: AsyncEngine, panel: Panel) -> None:
    started = (await panel.start(KEY)).json()
    await panel.acme.change(users, users.c.id == panel.bob.id, status="suspended")

    again = await panel.start(KEY)

    assert code_of(again) == (409, "idempotency-session-over")
    assert (await session_row(engine, started["session_id"])).end_reason == "target_changed"


async def test_who_repeats_must_still_be_somebody(panel: Panel) -> None:
    await panel.start(KEY)
    await panel.acme.change(users, users.c.id == panel.ana.id, status="suspended")

    assert (await panel.start(KEY)).status_code in {401, 403}


async def test_a_refusal_is_decided_anew(engine: AsyncEngine, panel: Panel) -> None:
    await panel.acme.change(users, users.c.id == panel.bob.id, status="suspended")
    refused = await panel.start(KEY)
    await panel.acme.change(users, users.c.id == panel.bob.id, status="active")

    again = await panel.start(KEY)

    assert (refused.status_code, again.status_code) == (403, 200)
    assert {entry.action for entry in await audit_of(engine, panel.acme)} == {"session.refused", "session.started"}


async def test_a_key_is_new_again_after_a_day(panel: Panel, clock: Clock, signing_desk: Desk) -> None:
    first = await panel.start(KEY)
    clock.forward(hours=24)

    token = await ordinary_token(signing_desk, panel.ana)
    second, again = await panel.start(KEY, token=token), await panel.start(KEY, token=token)

    assert claims_of(first)["sid"] != claims_of(second)["sid"]
    assert claims_of(second)["sid"] == claims_of(again)["sid"]


async def test_keys_are_forgotten_after_a_day(
    engine: AsyncEngine, panel: Panel, clock: Clock, signing_desk: Desk
) -> None:
    async def remembered() -> int:
        of_acme = idempotency_keys.c.tenant_id == panel.acme.id
        async with engine.connect() as db:
            return int((await db.execute(select(func.count()).where(of_acme))).scalar_one())

    await panel.start(KEY)
    clock.forward(hours=23)
    await signing_desk.run_in_transaction(sessions.drop_idempotency_keys)
    kept = await remembered()

    clock.forward(hours=1)
    await signing_desk.run_in_transaction(sessions.drop_idempotency_keys)

    assert (kept, await remembered()) == (1, 0)


async def test_no_token_is_kept_with_a_key(engine: AsyncEngine, panel: Panel) -> None:
    started = (await panel.start(KEY)).json()

    async with engine.connect() as db:
        (row,) = await db.execute(select(idempotency_keys).where(idempotency_keys.c.tenant_id == panel.acme.id))

    signatures = {started[name].rpartition(".")[2] for name in ("access_token", "refresh_token")}
    assert [found for found in (*signatures, KEY) if found in repr(row)] == []


async def test_a_repeat_brings_new_links(panel: Panel) -> None:
    first, again = await panel.start(KEY), await panel.start(KEY)

    urls = {answer.json()["handover_url"] for answer in (first, again)}
    for url in urls:
        form = {
            "grant_type": "urn:impersonator:params:oauth:grant-type:handover",
            "code": url.partition("#handover_code=")[2],
            "client_id": panel.spa,
            "redirect_uri": "https://app.example.test/callback",
        }
        assert (await panel.http.post("/oauth2/v1/token", data=form)).status_code == 200
    assert len(urls) == 2
