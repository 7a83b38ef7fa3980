"""The schema is migrated while the service runs, and the release before goes on running on it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from attacks.doors import Doors, Scene, make_scene
from cli.conftest import on_server
from conftest import MASTER_KEY
from impersonator_api import migrate as migrating
from impersonator_api.app import create_app
from impersonator_api.migrate import migrate
from impersonator_api.revisions import head_revision
from impersonator_api.settings import Settings
from operations.later_release import later_release, migrated_by


@pytest.fixture
async def empty_database_url(owner_url: str) -> AsyncIterator[str]:
    """A database without a schema."""
    name = f"impersonator_empty_{uuid4().hex[:8]}"
    await on_server(owner_url, f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    yield make_url(owner_url).set(database=name).render_as_string(hide_password=False)
    await on_server(owner_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def scene(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """An organisation and its service, which run on that database."""
    settings = Settings(data_dir=tmp_path, master_key=MASTER_KEY, failed_rate_limit="off")
    app = create_app(settings, database_url=fresh_database_url)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http,
    ):
        desk = app.state.office.pattern
        yield await make_scene(desk.engine, desk, Doors(http))


async def use(scene: Scene, seconds: float) -> list[int]:
    """Start, refresh, look, end, again and again; the statuses that were answered."""
    statuses, until = [], monotonic() + seconds
    while monotonic() < until:
        started = await scene.started()
        answers = [
            await scene.refreshed(started),
            await scene.doors.introspect(started["access_token"], scene.backoffice),
            await scene.doors.list(scene.ana_token),
            await scene.doors.end(scene.ana_token),
        ]
        statuses += [answer.status_code for answer in answers]
    return statuses


@pytest.mark.slow
async def test_a_migration_under_load_fails_no_request_and_the_release_before_stays_ready(
    scene: Scene, fresh_database_url: str, tmp_path: Path
) -> None:
    using = asyncio.create_task(use(scene, 6))

    said = await migrated_by(later_release(tmp_path, before=head_revision()), fresh_database_url)
    statuses = await using
    ready = await scene.doors.http.get("/health/ready")

    assert said.splitlines()[-1] == f"('{head_revision()}', '9999')"
    assert set(statuses) == {200}
    assert (ready.status_code, ready.json()["checks"]["schema"]) == (200, "ok")


async def test_a_release_that_is_left_behind_is_not_ready(
    scene: Scene, fresh_database_url: str, tmp_path: Path
) -> None:
    contracting = later_release(tmp_path, before=head_revision(), marks='NEEDS = "9999"')

    await migrated_by(contracting, fresh_database_url)
    ready = await scene.doors.http.get("/health/ready")

    assert (ready.status_code, ready.json()["checks"]["schema"]) == (503, "is a newer version's; run that one")


async def test_going_back_to_the_release_before_leaves_the_schema_alone(
    fresh_database_url: str, tmp_path: Path
) -> None:
    await migrated_by(later_release(tmp_path, before=head_revision()), fresh_database_url)

    assert await migrate(fresh_database_url) == ("9999", "9999")


async def test_a_release_that_cannot_run_on_a_schema_does_not_migrate_it(
    fresh_database_url: str, tmp_path: Path
) -> None:
    contracting = later_release(tmp_path, before=head_revision(), marks='NEEDS = "9999"')
    await migrated_by(contracting, fresh_database_url)

    with pytest.raises(migrating.NewerSchemaError):
        await migrate(fresh_database_url)


async def longest_wait(owner: AsyncEngine, *, until: asyncio.Task[object]) -> float:
    """How long a reader of `clients` had to wait at most."""
    longest = 0.0
    async with owner.connect() as db:
        while not until.done():
            began = monotonic()
            await db.execute(text("SELECT count(*) FROM clients"))
            await db.rollback()
            longest = max(longest, monotonic() - began)
            await asyncio.sleep(0.05)
    return longest


@pytest.mark.slow
async def test_a_migration_that_has_to_wait_keeps_nobody_waiting(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "PAUSE", 0.2)
    await migrate(empty_database_url, "0003")
    elsewhere = create_async_engine(empty_database_url)

    async with elsewhere.connect() as slow:
        await slow.execute(text("SELECT count(*) FROM clients"))
        altering = asyncio.create_task(migrate(empty_database_url, "0004"))
        reading = asyncio.create_task(longest_wait(elsewhere, until=altering))
        await asyncio.sleep(4)
        was_waiting = not altering.done()
        await slow.rollback()
        await altering
    longest = await reading
    await elsewhere.dispose()

    assert was_waiting
    assert longest < 2, "requests give up after two seconds"
