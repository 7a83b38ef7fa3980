import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from impersonator_api.web.work import DeskDep
from impersonator_api.work import Work

stories = APIRouter(prefix="/story")

Admin = Callable[[str], Awaitable[None]]


async def nap(work: Work, *, seconds: float) -> int:
    return int((await work.read(text("SELECT 1 FROM pg_sleep(:seconds)").bindparams(seconds=seconds))).scalar_one())


@stories.get("/nap")
async def take_a_nap(desk: DeskDep, seconds: float = 0.0) -> int:
    return await desk.run(nap, seconds=seconds)


@pytest.fixture
async def http(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application, which has one connection, little patience and no worker that needs it."""
    settings = Settings(data_dir=tmp_path, pool_size=1, pool_timeout=timedelta(milliseconds=200))
    app: FastAPI = create_app(settings, database_url=fresh_database_url, with_worker=False)
    app.include_router(stories)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://impersonator.test") as client,
    ):
        yield client


@pytest.fixture
async def admin(owner_url: str, fresh_database_url: str) -> AsyncIterator[Admin]:
    """Runs SQL about the application's database (`{db}`) from another one, as the owner."""
    engine = create_async_engine(owner_url, isolation_level="AUTOCOMMIT")
    name = make_url(fresh_database_url).database

    async def run(statement: str) -> None:
        async with engine.connect() as connection:
            await connection.execute(text(statement.format(db=name)))

    yield run
    await engine.dispose()


async def take_away(admin: Admin) -> None:
    await admin('ALTER DATABASE "{db}" ALLOW_CONNECTIONS false')
    await admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{db}'")


async def bring_back(admin: Admin) -> None:
    await admin('ALTER DATABASE "{db}" ALLOW_CONNECTIONS true')


async def test_a_running_service_is_ready(http: httpx.AsyncClient) -> None:
    answer = await http.get("/health/ready")

    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "schema": "ok", "keys": "ok"}}


async def test_without_its_database_it_lives_and_is_not_ready(http: httpx.AsyncClient, admin: Admin) -> None:
    await take_away(admin)

    live, ready = await http.get("/health/live"), await http.get("/health/ready")

    assert live.status_code == 200
    assert (ready.status_code, ready.headers["Retry-After"]) == (503, "2")
    assert ready.json()["checks"]["database"] == "does not answer"


async def test_without_its_database_a_story_answers_503(http: httpx.AsyncClient, admin: Admin) -> None:
    await http.get("/story/nap")
    await take_away(admin)

    answers = [await http.get("/story/nap") for _ in range(3)]

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["code"] for answer in answers} == {"database-unavailable"}
    assert all(answer.headers["Retry-After"] for answer in answers)


async def test_it_recovers_by_itself(http: httpx.AsyncClient, admin: Admin) -> None:
    await take_away(admin)
    await http.get("/story/nap")
    await bring_back(admin)

    answer = await http.get("/story/nap")

    assert answer.status_code == 200


async def test_a_full_pool_answers_503(http: httpx.AsyncClient) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(http.get("/story/nap?seconds=1"))
        await asyncio.sleep(0.3)
        second = group.create_task(http.get("/story/nap"))

    assert (first.result().status_code, second.result().status_code) == (200, 503)
    assert second.result().json()["code"] == "database-unavailable"
    assert second.result().headers["Retry-After"] == "2"


async def test_a_schema_that_is_behind_is_not_ready(http: httpx.AsyncClient, fresh_database_url: str) -> None:
    engine = create_async_engine(fresh_database_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    await engine.dispose()

    answer = await http.get("/health/ready")

    assert answer.status_code == 503
    assert "impersonator migrate" in answer.json()["checks"]["schema"]


async def test_a_browser_is_told_that_the_database_is_away_and_no_new_origin_is_let_in(
    http: httpx.AsyncClient, admin: Admin
) -> None:
    await take_away(admin)

    answer = await http.post(
        "/oauth2/v1/token",
        data={"grant_type": "client_credentials"},
        auth=("somebody", "x"),
        headers={"Origin": "https://spa.test"},
    )

    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in answer.headers
