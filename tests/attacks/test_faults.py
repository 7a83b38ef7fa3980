"""A database in trouble: 503 and nothing half done, never the caller's fault and never a token."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from attacks.doors import Doors, Scene, make_scene
from builders import active_sessions, audit_of
from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings


@dataclass(frozen=True)
class Patient:
    """A service with little patience, on a database of its own that its owner can do anything to."""

    scene: Scene
    owner: AsyncEngine

    @property
    def engine(self) -> AsyncEngine:
        """The service's own way to the database."""
        return self.scene.acme.engine

    async def as_owner(self, statement: str) -> None:
        """Run SQL as the owner."""
        async with self.owner.begin() as db:
            await db.execute(text(statement))

    async def traces(self) -> tuple[int, int, int]:
        """How many sessions, refresh tokens and entries there are."""
        tables = ("impersonation_sessions", "refresh_tokens", "audit_entries")
        async with self.owner.connect() as db:
            counts = [(await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() for table in tables]  # noqa: S608  # our own tables
        return counts[0], counts[1], counts[2]


@pytest.fixture
async def patient(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[Patient]:
    """Ana, who may act as Bob, as long as the database lets her."""
    settings = Settings(data_dir=tmp_path, master_key=MASTER_KEY, pool_size=2, lock_timeout=timedelta(milliseconds=200))
    app = create_app(settings, database_url=fresh_database_url, with_worker=False)
    owner = create_async_engine(fresh_database_url)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http,
    ):
        desk = app.state.office.pattern
        yield Patient(await make_scene(desk.engine, desk, Doors(http)), owner)
    await owner.dispose()


Use = Callable[[Scene, dict[str, Any]], Coroutine[Any, Any, httpx.Response]]

USES: dict[str, Use] = {
    "start": lambda scene, _: scene.doors.start(scene.ana_token, scene.bob),
    "refresh": lambda scene, started: scene.refreshed(started),
    "end": lambda scene, _: scene.doors.end(scene.ana_token),
}


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


@pytest.mark.parametrize("use", USES)
async def test_what_cannot_be_recorded_does_not_happen(patient: Patient, use: str) -> None:
    started = await patient.scene.started()
    before = await patient.traces()
    await patient.as_owner("REVOKE INSERT ON audit_entries FROM impersonator_service")

    answer = await USES[use](patient.scene, started)

    assert answer.status_code in {500, 503}
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
        cut = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'impersonator' AND datname = current_database()"""
        await db.execute(text(cut))
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
