"""A backup as the operations page has it: dumped, restored into another cluster, and served again."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from attacks.doors import Doors, Scene, make_scene
from builders import ordinary_token
from cli.conftest import on_server
from conftest import MASTER_KEY
from impersonator_api import embedded
from impersonator_api.app import create_app
from impersonator_api.embedded.programs import find_programs
from impersonator_api.migrate import oldest_code_for
from impersonator_api.revisions import Schema, head_revision, schema_of
from impersonator_api.settings import Settings
from impersonator_api.tokens.errors import MasterKeyWrongError
from impersonator_api.work import Desk

pytestmark = pytest.mark.slow

Started = dict[str, Any]

DUMP = "impersonator.dump"
ENTRIES = "SELECT id, action, session_id, impersonator_id, target_id FROM audit_entries ORDER BY id"


@dataclass(frozen=True)
class Before:
    """What was known when the backup was made, and what happened after it."""

    scene: Scene
    kept: Started
    ended: Started
    ended_later: Started
    begun_later: Started
    refreshed_later: str
    entries: list[Any]


@dataclass(frozen=True)
class Restored:
    """A service on what was restored, by the login that may do what the service may."""

    scene: Scene
    before: Before
    engine: AsyncEngine
    owner: AsyncEngine
    service_url: str


@asynccontextmanager
async def service_on(url: str, folder: Path, master_key: SecretStr = MASTER_KEY) -> AsyncIterator[tuple[Desk, Doors]]:
    """The service on a database."""
    app = create_app(Settings(data_dir=folder, master_key=master_key), database_url=url, with_worker=False)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http,
    ):
        yield app.state.office.pattern, Doors(http)


async def run(program: str, *words: object) -> None:
    """Run one of PostgreSQL's programs; the newest dumps every version that we run on."""
    process = await asyncio.create_subprocess_exec(
        find_programs().folder / program, *map(str, words), stderr=asyncio.subprocess.PIPE
    )
    _, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()


def plain(url: str) -> str:
    """As PostgreSQL's own programs write it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def all_of(engine: AsyncEngine, question: str) -> list[Any]:
    async with engine.connect() as db:
        return list((await db.execute(text(question))).all())


async def live_and_dump(url: str, folder: Path) -> Before:
    """A service that lives, a backup, and what happens after it."""
    async with service_on(url, folder) as (desk, doors):
        scene = await make_scene(desk.engine, desk, doors)
        others = [await scene.acme.person(f"admin{number}", "super_admin") for number in range(3)]
        first, second, third = [await ordinary_token(desk, other) for other in others]
        kept = await scene.started()
        ended, ended_later = [
            (await doors.start(token, scene.bob, client_id=scene.spa)).raise_for_status().json()
            for token in (first, second)
        ]
        (await doors.end(first)).raise_for_status()
        entries = await all_of(desk.engine, ENTRIES)

        await run("pg_dump", "--format=custom", f"--file={folder / DUMP}", plain(url))

        refreshed = (await scene.refreshed(kept)).raise_for_status().json()
        (await doors.end(second)).raise_for_status()
        begun = (await doors.start(third, scene.bob, client_id=scene.spa)).raise_for_status().json()
    return Before(scene, kept, ended, ended_later, begun, refreshed["refresh_token"], entries)


@pytest.fixture(scope="module")
async def before(owner_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Before]:
    """What is lost then."""
    name = f"impersonator_lost_{uuid4().hex[:8]}"
    await on_server(owner_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    url = make_url(owner_url).set(database=name).render_as_string(hide_password=False)
    yield await live_and_dump(url, tmp_path_factory.getbasetemp())
    await on_server(owner_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
async def restored(before: Before, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Restored]:
    """Another cluster, which has the roles and nothing else, and the service on what was restored there."""
    folder = tmp_path_factory.getbasetemp()
    with embedded.temporary() as cluster:
        there = f"--dbname={plain(cluster.owner_url)}"
        await run("pg_restore", "--exit-on-error", "--no-owner", there, folder / DUMP)
        owner = create_async_engine(cluster.owner_url)
        async with service_on(cluster.service_url, folder) as (desk, doors):
            scene = replace(before.scene, doors=doors)
            yield Restored(scene, before, desk.engine, owner, cluster.service_url)
        await owner.dispose()


async def test_what_was_signed_before_is_believed_again(restored: Restored) -> None:
    answer = await restored.scene.doors.userinfo(restored.before.kept["access_token"])

    assert (answer.status_code, answer.json()["sid"]) == (200, restored.before.kept["session_id"])


async def test_what_had_ended_stays_ended(restored: Restored) -> None:
    answer = await restored.scene.doors.userinfo(restored.before.ended["access_token"])

    assert answer.status_code == 401


async def test_what_ended_after_the_backup_is_alive_again(restored: Restored) -> None:
    answer = await restored.scene.doors.userinfo(restored.before.ended_later["access_token"])

    assert answer.status_code == 200, "so the operations page says how to end it"


async def test_what_began_after_the_backup_never_was(restored: Restored) -> None:
    used = await restored.scene.doors.userinfo(restored.before.begun_later["access_token"])
    refreshed = await restored.scene.refreshed(restored.before.begun_later)

    assert used.status_code == 401
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")


async def test_a_refresh_token_from_after_the_backup_is_refused_and_ends_nothing(restored: Restored) -> None:
    later = await restored.scene.doors.refresh(restored.before.refreshed_later, restored.scene.spa)
    earlier = await restored.scene.refreshed(restored.before.kept)

    assert (later.status_code, later.json()["error"]) == (400, "invalid_grant")
    assert earlier.status_code == 200


async def test_the_audit_is_whole(restored: Restored) -> None:
    entries = await all_of(restored.engine, ENTRIES)

    assert entries[: len(restored.before.entries)] == restored.before.entries
    assert len(restored.before.entries) > 3


@pytest.mark.parametrize("change", ["UPDATE audit_entries SET reason = ''", "DELETE FROM audit_entries"])
@pytest.mark.parametrize("login", ["engine", "owner"])
async def test_the_audit_only_grows_there_too(restored: Restored, login: str, change: str) -> None:
    engine: AsyncEngine = getattr(restored, login)

    with pytest.raises(DBAPIError, match=r"permission denied|the audit only grows"):
        async with engine.begin() as db:
            await db.execute(text(change))


async def test_new_sessions_begin_there(restored: Restored) -> None:
    started = await restored.scene.started()

    assert (await restored.scene.doors.end(restored.scene.ana_token)).json()["session_id"] == started["session_id"]


async def test_the_schema_knows_whom_it_lets_run(restored: Restored) -> None:
    assert await schema_of(restored.owner) == Schema(head_revision(), oldest_code_for(head_revision()))


async def test_without_the_master_key_a_dump_is_worth_no_token(restored: Restored, tmp_path: Path) -> None:
    another = SecretStr(base64.b64encode(b"x" * 32).decode())

    with pytest.raises(MasterKeyWrongError):
        async with service_on(restored.service_url, tmp_path, another):
            pass
