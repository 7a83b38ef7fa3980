import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.exceptions import HTTPException
from starlette.types import Message

from asgi import send_bytes
from impersonator_api.app import app_from_environment, create_app
from impersonator_api.settings import Settings

doors = APIRouter(prefix="/door")


@doors.get("/half")
async def break_off() -> StreamingResponse:
    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("no second half")

    return StreamingResponse(half())


@doors.get("/teapot")
async def refuse_coffee() -> None:
    raise HTTPException(418, "short and stout")


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The application with doors that fail in ways of their own; its lifespan is not run."""
    app = create_app(Settings(), database_url="postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    app.include_router(doors)
    return app


async def test_an_answer_that_has_begun_is_broken_off_and_not_mended(app: FastAPI) -> None:
    with pytest.raises(RuntimeError, match="no second half"):
        await send_bytes(app, path=b"/door/half")


async def test_what_a_library_refuses_is_told_in_our_words(app: FastAPI) -> None:
    answer = await send_bytes(app, path=b"/door/teapot")

    assert answer.status == 400
    assert b"stout" not in answer.body


async def test_there_is_no_door_for_web_sockets(app: FastAPI) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "websocket", "path": "/health/live", "headers": [], "query_string": b""}, receive, send)

    assert [message["type"] for message in sent] == ["websocket.close"]


def test_a_worker_process_wants_its_database_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPERSONATOR_DATABASE_URL", raising=False)

    with pytest.raises(RuntimeError, match="impersonator serve"):
        app_from_environment()


async def test_duties_are_done_beside_the_requests_until_the_end(fresh_database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, worker_interval=timedelta(milliseconds=50))
    app = create_app(settings, database_url=fresh_database_url)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://impersonator.test") as client,
    ):
        answer = await client.get("/health/ready")
        await asyncio.sleep(0.2)

    assert answer.status_code == 200
    async with asyncio.timeout(10):
        while await connections_to(fresh_database_url):  # noqa: ASYNC110  # the server tells nobody when one is gone
            await asyncio.sleep(0.05)


async def connections_to(url: str) -> int:
    """How many others are connected to that database."""
    engine = create_async_engine(url)
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with engine.connect() as connection:
        counted = int((await connection.execute(text(others))).scalar_one())
    await engine.dispose()
    return counted
