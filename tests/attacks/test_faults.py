"""A database in trouble: 503 and nothing half done, never the caller's fault and never a token."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from attacks.doors import Scene
from attacks.patient import Patient
from builders import active_sessions, audit_of

Use = Callable[[Scene, dict[str, Any]], Coroutine[Any, Any, httpx.Response]]

USES: dict[str, Use] = {
    "start": lambda scene, _: scene.doors.start(scene.ana_token, scene.bob),
    "refresh": lambda scene, started: scene.refreshed(started),
    "end": lambda scene, _: scene.doors.end(scene.ana_token),
}

CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'impersonator' AND datname = current_database()"""


def assert_it_was_no_fault_of_the_callers(answer: httpx.Response) -> None:
    body = answer.json()
    assert answer.status_code == 503
    assert body.get("code", body.get("error")) in {"database-unavailable", "temporarily_unavailable"}
    assert answer.headers["Retry-After"]
    assert "eyJ" not in answer.text


@pytest.mark.parametrize("use", USES)
async def test_a_database_fault_is_503_and_mints_nothing(patient: Patient, use: str) -> None:
    started = await patient.scene.started()
    before = await patient.traces()

    async with patient.owner.begin() as db:
        await db.execute(text("LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE"))
        answer = await USES[use](patient.scene, started)

    assert_it_was_no_fault_of_the_callers(answer)
    assert await patient.traces() == before
    assert (await USES[use](patient.scene, started)).status_code == 200


@pytest.mark.usefixtures("raw_log")
@pytest.mark.parametrize("use", USES)
async def test_what_cannot_be_recorded_does_not_happen(patient: Patient, use: str) -> None:
    started = await patient.scene.started()
    before = await patient.traces()
    await patient.as_owner("REVOKE INSERT ON audit_entries FROM impersonator_service")

    answer = await USES[use](patient.scene, started)

    assert answer.status_code == 503
    assert "eyJ" not in answer.text
    assert await patient.traces() == before
    assert len(await active_sessions(patient.engine, patient.scene.ana)) == 1


async def test_a_refusal_that_cannot_be_recorded_is_503(patient: Patient) -> None:
    async with patient.owner.begin() as db:
        await db.execute(text("LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE"))
        answer = await patient.scene.doors.start(patient.scene.bob_token, patient.scene.ana)

    assert_it_was_no_fault_of_the_callers(answer)


@pytest.mark.parametrize("use", USES)
async def test_a_connection_cut_in_the_middle_is_503(patient: Patient, use: str) -> None:
    started = await patient.scene.started()
    before = await patient.traces()
    async with patient.owner.begin() as db:
        await db.execute(text("LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE"))
        asked = asyncio.create_task(USES[use](patient.scene, started))
        await asyncio.sleep(0.1)
        await db.execute(text(CUT))
        answer = await asked

    assert_it_was_no_fault_of_the_callers(answer)
    assert await patient.traces() == before


async def test_without_a_database_every_door_says_503_and_recovers(patient: Patient, owner_url: str) -> None:
    started = await patient.scene.started()
    scene = patient.scene
    name = make_url(str(patient.owner.url)).database
    elsewhere = create_async_engine(owner_url, isolation_level="AUTOCOMMIT")

    async with elsewhere.connect() as db:
        await db.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        await db.execute(text(gone), {"name": name})
        answers = [await use(scene, started) for use in USES.values()]
        answers.append(await scene.doors.userinfo(started["access_token"]))
        answers.append(await scene.doors.list(scene.ana_token))
        await db.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    await elsewhere.dispose()

    for answer in answers:
        assert_it_was_no_fault_of_the_callers(answer)
    assert (await scene.doors.userinfo(started["access_token"])).status_code == 200


async def test_a_fault_while_a_replay_is_answered_is_503_and_the_replay_can_be_told_again(patient: Patient) -> None:
    started = await patient.scene.started()
    first = (await patient.scene.refreshed(started)).raise_for_status().json()
    (await patient.scene.doors.refresh(first["refresh_token"], patient.scene.spa)).raise_for_status()

    async with patient.owner.begin() as db:
        await db.execute(text("LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE"))
        during = await patient.scene.refreshed(started)
    after = await patient.scene.refreshed(started)

    assert_it_was_no_fault_of_the_callers(during)
    assert (after.status_code, after.json()["error"]) == (400, "invalid_grant")
    assert "token.replayed" in [entry.action for entry in await audit_of(patient.engine, patient.scene.acme)]


@pytest.mark.usefixtures("raw_log")
@pytest.mark.parametrize("use", USES)
async def test_a_database_that_only_reads_is_503_and_mints_nothing(patient: Patient, use: str) -> None:
    started = await patient.scene.started()
    before = await patient.traces()
    name = patient.owner.url.database

    # What a service sees whose database was handed over to a standby.
    await patient.as_owner(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await patient.as_owner(CUT)
    await patient.scene.doors.userinfo(started["access_token"])
    answer = await USES[use](patient.scene, started)
    seen = await patient.scene.doors.userinfo(started["access_token"])

    assert_it_was_no_fault_of_the_callers(answer)
    assert seen.status_code == 200
    assert await patient.traces() == before
    await patient.as_owner(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    await USES[use](patient.scene, started)  # finds out that it is still connected to the old one
    assert (await USES[use](patient.scene, started)).status_code == 200
