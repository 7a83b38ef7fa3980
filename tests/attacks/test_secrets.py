"""No token and no secret leaves but in the one answer that is for it: not in logs, errors, URLs or the audit."""

import json

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import Lines
from attacks.doors import START, TOKEN, Scene, bearer, code_of
from builders import SECRET, audit_of
from impersonator_api.logs import redact_secrets


async def whole_journey(scene: Scene) -> tuple[list[httpx.Response], list[str]]:
    """All that can happen to a session, and every secret that was in it."""
    doors, started = scene.doors, await scene.started()
    service = await doors.service_token(scene.backoffice)
    refreshed = (await scene.refreshed(started)).json()
    handed_over = (await scene.handed_over(started)).json()
    garbage = f"{scene.ana_token[:-20]}AAAAAAAAAAAAAAAAAAAA"
    answers = [
        await doors.userinfo(started["access_token"]),
        await doors.userinfo(garbage),
        await doors.list(scene.ana_token),
        await doors.show(scene.ana_token, started["session_id"]),
        await doors.start(started["access_token"], scene.bob),
        await doors.start(scene.ana_token, scene.ana_token),
        await doors.on_behalf(service, garbage, scene.bob, scene.spa),
        await doors.on_behalf(service, started["access_token"], scene.bob, scene.spa),
        await doors.http.get(TOKEN, params={"refresh_token": started["refresh_token"]}),
        await doors.http.post(TOKEN, data={"grant_type": "password", "password": SECRET}),
        await doors.http.post(TOKEN, data={"grant_type": "client_credentials"}, auth=(scene.backoffice, SECRET + "x")),
        await doors.http.get(f"/nowhere/{started['access_token']}"),
        await doors.http.post(
            START, json={"target_user_id": 1, "mode": refreshed["refresh_token"]}, headers=bearer(scene.ana_token)
        ),
        await doors.refresh(started["refresh_token"], "another-client"),
        await doors.end(scene.ana_token),
        await scene.refreshed(started),
        await scene.handed_over(started),
        await doors.http.get(TOKEN, params={"code": code_of(started)}),
        await doors.refresh(refreshed["refresh_token"], scene.spa),
    ]
    tokens = [scene.ana_token, garbage, service, started["access_token"], started["refresh_token"]]
    given = [each[name] for each in (refreshed, handed_over) for name in ("access_token", "refresh_token")]
    return answers, [SECRET, code_of(started), *tokens, *given]


def found_in(text: str, secrets: list[str]) -> list[str]:
    """Which secrets a text holds; of a token, its signature is enough of it."""
    return [secret for secret in secrets if secret in text or secret.rpartition(".")[2] in text]


async def test_no_secret_is_logged_in_a_whole_journey(scene: Scene, raw_log: Lines) -> None:
    _, secrets = await whole_journey(scene)

    assert len(raw_log) > 15
    assert found_in("".join(raw_log), secrets) == []
    assert "eyJ" not in "".join(raw_log)


async def test_no_answer_repeats_a_secret(scene: Scene) -> None:
    answers, secrets = await whole_journey(scene)

    assert [found_in(answer.text + str(answer.headers), secrets) for answer in answers] == [[]] * len(answers)


async def test_no_answer_sends_anybody_elsewhere(scene: Scene) -> None:
    answers, _ = await whole_journey(scene)

    assert all("location" not in answer.headers and "set-cookie" not in answer.headers for answer in answers)
    assert {answer.headers["referrer-policy"] for answer in answers} == {"no-referrer"}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


async def test_no_secret_is_in_the_audit(engine: AsyncEngine, scene: Scene) -> None:
    _, secrets = await whole_journey(scene)

    written = " ".join(str(entry) for entry in await audit_of(engine, scene.acme))

    assert found_in(written, secrets) == []


async def test_a_token_in_a_reason_is_the_only_way_in_and_the_log_still_hides_it(scene: Scene, raw_log: Lines) -> None:
    await scene.doors.start(scene.ana_token, scene.bob, reason=f"He sent me {scene.bob_token[:400]}")

    assert scene.bob_token[:40] not in "".join(raw_log)


def test_the_net_below_catches_what_slips_through() -> None:
    event = redact_secrets(None, "info", {"event": "x", "detail": "Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln"})

    assert "eyJ" not in json.dumps(event)
