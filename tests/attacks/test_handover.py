"""A hand-over code works once, for the application and the browser it was made for, as long as its session may run."""

import asyncio
from collections import Counter
from hashlib import sha256
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import REDIRECT_URI, TOKEN, Scene, claims_of, code_of
from builders import audit_of, session_row
from conftest import Clock
from impersonator_api import tokens
from impersonator_api.directory.tables import clients
from impersonator_api.tokens.tables import handover_codes, refresh_tokens
from impersonator_api.work import Desk

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B

BOUND = {"code_challenge": CHALLENGE}

OTHER_CLIENT = {"client_id": "another"}

MISFITS: dict[str, dict[str, str]] = {
    "another client": OTHER_CLIENT,
    "a client that does not exist": {"client_id": "nobody"},
    "another redirect URI": {"redirect_uri": "https://app.example.test/other"},
    "a redirect URI with a slash more": {"redirect_uri": f"{REDIRECT_URI}/"},
    "no verifier": {"code_verifier": ""},
    "another verifier": {"code_verifier": VERIFIER[::-1]},
    "the challenge as verifier": {"code_verifier": CHALLENGE},
    "a verifier that is too short": {"code_verifier": VERIFIER[:-1]},
}


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """Everything that an answer tells of its reasons."""
    body = answer.json()
    return answer.status_code, body["error"], body["error_description"]


REFUSED = (400, "invalid_grant", "The hand-over code is invalid, expired or used; start again.")


async def rows_of(engine: AsyncEngine, table: Any, started: dict[str, Any]) -> list[Any]:
    """A session's rows in that table."""
    async with engine.connect() as db:
        return list((await db.execute(select(table).where(table.c.session_id == started["session_id"]))).all())


async def test_of_fifty_redemptions_at_once_one_wins(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()

    answers = await asyncio.gather(*[scene.handed_over(started) for _ in range(50)])

    won, lost = ([each for each in answers if (each.status_code == 200) is wins] for wins in (True, False))
    assert len(won) == 1
    # On a slow machine the fiftieth may wait too long for a connection, and is told so.
    assert {refused(each) for each in lost if each.status_code != 503} == {REFUSED}
    assert len(await rows_of(engine, refresh_tokens, started)) == 2
    actions = Counter(entry.action for entry in await audit_of(engine, scene.acme))
    assert (actions["session.handed_over"], actions["session.ended"]) == (1, 0)


async def test_a_used_code_that_comes_back_is_written_down_and_ends_nothing(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    handed_over = (await scene.handed_over(started)).raise_for_status().json()

    again = await scene.handed_over(started)

    assert refused(again) == REFUSED
    assert "handover_reused" in [entry.code for entry in await audit_of(engine, scene.acme)]
    assert (await session_row(engine, started["session_id"])).status == "active"
    assert (await scene.doors.userinfo(handed_over["access_token"])).status_code == 200


@pytest.mark.parametrize("form", MISFITS.values(), ids=MISFITS)
async def test_a_wrong_part_is_refused_and_uses_nothing_up(
    engine: AsyncEngine, scene: Scene, form: dict[str, str]
) -> None:
    started = await scene.started(**BOUND)
    another = await scene.acme.client("another")
    other = {"client_id": another} if form == OTHER_CLIENT else form

    wrong = await scene.handed_over(started, **{"code_verifier": VERIFIER, **other})
    right = await scene.handed_over(started, code_verifier=VERIFIER)

    assert (refused(wrong), right.status_code) == (REFUSED, 200)
    assert "handover_misfit" in [entry.code for entry in await audit_of(engine, scene.acme)]


async def test_a_verifier_that_nobody_asked_for_is_refused(scene: Scene) -> None:
    started = await scene.started()

    assert refused(await scene.handed_over(started, code_verifier=VERIFIER)) == REFUSED


@pytest.mark.parametrize("challenge", [CHALLENGE[:-1], f"{CHALLENGE}A", f"{CHALLENGE[:-1]}=", f"{CHALLENGE}\n", "", 7])
async def test_a_challenge_that_is_none_starts_nothing(scene: Scene, challenge: object) -> None:
    answer = await scene.doors.start(scene.ana_token, scene.bob, client_id=scene.spa, code_challenge=challenge)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


@pytest.mark.parametrize("missing", ["code", "client_id", "redirect_uri"])
async def test_a_part_that_is_missing_is_asked_for(scene: Scene, missing: str) -> None:
    answer = await scene.handed_over(await scene.started(), **{missing: ""})

    assert refused(answer) == (400, "invalid_request", f"The parameter {missing} is missing.")


async def test_a_public_client_shows_no_secret(scene: Scene) -> None:
    answer = await scene.handed_over(await scene.started(), client_secret="one-that-it-cannot-have")

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_code_is_good_for_a_minute(scene: Scene, clock: Clock) -> None:
    first, second = await scene.started(), await scene.started()
    clock.forward(seconds=59)
    in_time = await scene.handed_over(second)
    third = await scene.started()
    clock.forward(seconds=60)
    too_late = await scene.handed_over(third)

    assert (in_time.status_code, refused(too_late)) == (200, REFUSED)
    assert refused(await scene.handed_over(first)) == REFUSED


async def test_a_code_does_not_outlive_its_session(scene: Scene) -> None:
    started = await scene.started(duration_seconds=30)

    assert started["handover"][0]["expires_at"] == started["expires_at"]


async def test_a_code_counts_only_while_its_redirect_uri_is_registered(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()
    await scene.acme.change(clients, clients.c.client_id == scene.spa, redirect_uris=["https://new.example.test/cb"])

    answer = await scene.handed_over(started)

    assert refused(answer) == REFUSED
    assert len(await rows_of(engine, refresh_tokens, started)) == 1


async def test_an_end_while_a_code_is_redeemed_leaves_nothing_alive(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()

    handed_over, ended = await asyncio.gather(scene.handed_over(started), scene.doors.end(scene.ana_token))

    assert (ended.status_code, handed_over.status_code in {200, 400}) == (200, True)
    if handed_over.status_code == 200:
        assert (await scene.doors.userinfo(handed_over.json()["access_token"])).status_code == 401
    assert (await session_row(engine, started["session_id"])).status == "ended"


async def test_the_database_has_digests_alone(engine: AsyncEngine, scene: Scene) -> None:
    started = await scene.started()

    (row,) = await rows_of(engine, handover_codes, started)

    assert bytes(row.digest) == sha256(code_of(started).encode()).digest()
    assert code_of(started) not in repr(row)


async def test_a_client_of_another_tenant_redeems_nothing(scene: Scene, elsewhere: Scene) -> None:
    started = await scene.started()

    assert refused(await elsewhere.handed_over(started)) == REFUSED


async def test_a_code_in_a_url_is_shown_nothing(scene: Scene) -> None:
    started = await scene.started()

    answer = await scene.doors.http.get(TOKEN, params={"code": code_of(started), "client_id": scene.spa})

    assert answer.status_code == 405
    assert code_of(started) not in answer.text + str(answer.headers)


async def test_both_families_rotate_by_themselves(scene: Scene) -> None:
    started = await scene.started()
    handed_over = (await scene.handed_over(started)).raise_for_status().json()

    of_panel, of_page = (claims_of(each["refresh_token"]) for each in (started, handed_over))
    refreshed = [(await scene.refreshed(each)).status_code for each in (started, handed_over)]

    assert of_panel["family"] != of_page["family"]
    assert (of_panel["sid"], of_panel["act"]) == (of_page["sid"], of_page["act"])
    assert refreshed == [200, 200]


async def test_a_query_holds_a_token_only_where_the_client_wants_it(scene: Scene) -> None:
    of_client = clients.c.client_id == scene.spa
    plain = await scene.started()
    await scene.acme.change(clients, of_client, query_handover=True)
    rotating = await scene.started()
    await scene.acme.change(clients, of_client, refresh_policy="reuse")
    reusing = await scene.started()

    assert [each["handover"][0]["query_url"] for each in (plain, rotating)] == [None, None]
    assert reusing["handover"][0]["query_url"].startswith(f"{REDIRECT_URI}?refresh_token={reusing['refresh_token']}&")


async def test_without_a_redirect_uri_there_is_nothing_to_hand_over(engine: AsyncEngine, scene: Scene) -> None:
    answer = (await scene.doors.start(scene.ana_token, scene.bob)).raise_for_status().json()

    assert (answer["handover_url"], answer["handover"]) == (None, [])
    assert await rows_of(engine, handover_codes, answer) == []


async def test_only_the_admin_api_hands_out_links(engine: AsyncEngine, scene: Scene) -> None:
    service = await scene.doors.service_token(scene.backoffice)

    answer = await scene.doors.on_behalf(service, scene.ana_token, scene.bob, scene.spa)

    handed_out = claims_of(answer.raise_for_status().json()["refresh_token"])
    assert await rows_of(engine, handover_codes, {"session_id": handed_out["sid"]}) == []


async def test_codes_are_forgotten_a_day_after_they_expired(
    engine: AsyncEngine, scene: Scene, signing_desk: Desk, clock: Clock
) -> None:
    started = await scene.started()
    clock.forward(hours=24)
    await signing_desk.run_in_transaction(tokens.drop_handover_codes)
    kept = len(await rows_of(engine, handover_codes, started))

    clock.forward(minutes=2)
    dropped = await signing_desk.run_in_transaction(tokens.drop_handover_codes)

    assert (kept, await rows_of(engine, handover_codes, started)) == (1, [])
    assert dropped >= 1
