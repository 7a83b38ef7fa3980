"""Every connection to the database is taken, and clients hang up: over real sockets, at real doors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from attacks.doors import START, Doors, Scene, make_scene
from builders import active_sessions
from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from serving import Served, serving

HOLD = text("LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE")


@dataclass(frozen=True)
class Small:
    """A service with one connection, and the owner's way to its database."""

    served: Served
    scene: Scene
    owner: AsyncEngine


@pytest.fixture
async def small(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[Small]:
    """It runs, and an organisation uses it."""
    waits = {"pool_timeout": timedelta(milliseconds=300), "lock_timeout": timedelta(seconds=4)}
    settings = Settings(data_dir=tmp_path, master_key=MASTER_KEY, pool_size=1, **waits)  # type: ignore[arg-type]
    app = create_app(settings, database_url=fresh_database_url, with_worker=False)
    owner = create_async_engine(fresh_database_url)
    async with (
        serving(app, lifespan="on") as served,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", timeout=20) as http,
    ):
        desk = app.state.office.pattern
        yield Small(served, await make_scene(owner, desk, Doors(http)), owner)
    await owner.dispose()


USES: dict[str, Callable[[Scene, str], Awaitable[httpx.Response]]] = {
    "introspection": lambda scene, token: scene.doors.introspect(token, scene.backoffice),
    "userinfo": lambda scene, token: scene.doors.userinfo(token),
    "a list": lambda scene, _: scene.doors.list(scene.ana_token),
    "an end": lambda scene, _: scene.doors.end(scene.ana_token),
    "readiness": lambda scene, _: scene.doors.http.get("/health/ready"),
}


async def test_while_every_connection_is_taken_all_doors_say_when_to_come_again(small: Small) -> None:
    token = (await small.scene.started())["access_token"]

    async with small.owner.begin() as db:
        await db.execute(HOLD)
        taking = asyncio.create_task(small.scene.doors.start(small.scene.ana_token, small.scene.bob))
        await asyncio.sleep(0.3)
        answers = await asyncio.gather(*(use(small.scene, token) for use in USES.values()))
    taken = await taking

    assert [answer.status_code for answer in answers] == [503] * len(answers)
    assert {answer.headers["Retry-After"] for answer in answers} == {"2"}
    assert answers[0].json()["error"] == "temporarily_unavailable"
    assert answers[1].json()["code"] == "database-unavailable"
    assert taken.status_code == 200


def request_of(scene: Scene) -> bytes:
    """A whole start, as bytes."""
    body = f'{{"target_user_id": "{scene.bob.id}", "reason": "Locked out since Monday"}}'
    head = f"POST {START} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {scene.ana_token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def is_waiting(db: AsyncConnection) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'audit_entries'::regclass"
    return bool((await db.execute(text(waiting))).scalar_one())


async def test_what_was_begun_for_a_client_that_hung_up_is_whole(small: Small) -> None:
    async with small.owner.begin() as db:
        await db.execute(HOLD)
        _, writer = await asyncio.open_connection("127.0.0.1", small.served.port)
        writer.write(request_of(small.scene))
        while not await is_waiting(db):  # noqa: ASYNC110  # PostgreSQL tells nobody
            await asyncio.sleep(0.05)
        writer.transport.abort()
        await asyncio.sleep(0.2)
    ended = await small.scene.doors.end(small.scene.ana_token)

    assert ended.status_code == 200
    assert await active_sessions(small.owner, small.scene.ana) == []
