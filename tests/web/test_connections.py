"""More connections than a server holds, and connections while it goes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from serving import Served, hello, serving, talk

KEEP = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def small() -> AsyncIterator[Served]:
    """A server that holds four connections."""
    async with serving(hello, connections=4) as served:
        yield served


async def opened(port: int, *, asks: bool = False) -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if asks:
        await ask(reader, writer)
    await asyncio.sleep(0.01)
    return reader, writer


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(KEEP)
    async with asyncio.timeout(5):
        return await reader.readuntil(b"\r\n\r\n")


async def is_open(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(0.1):
            return bool(await reader.read(1))
    except TimeoutError:
        return True


async def test_idle_connections_take_no_place_from_those_who_ask(small: Served) -> None:
    idle = [await opened(small.port) for _ in range(40)]

    answer = await talk(small.port, LAST)

    assert answer.startswith(b"HTTP/1.1 200")
    assert small.connections <= 4
    for _, writer in idle:
        writer.close()


async def test_who_has_rested_longest_goes_first(small: Served) -> None:
    first, second = await opened(small.port, asks=True), await opened(small.port, asks=True)
    await ask(*first)

    others = [await opened(small.port) for _ in range(3)]

    assert (await is_open(first[0]), await is_open(second[0])) == (True, False)
    for _, writer in (first, second, *others):
        writer.close()


async def wait(_request: Request) -> Response:
    await asyncio.sleep(1)
    return Response()


@pytest.fixture
async def crowded(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """The real service with room for two, both of whom are busy."""
    settings = Settings(data_dir=tmp_path, master_key=MASTER_KEY)
    app = create_app(settings, database_url=fresh_database_url, with_worker=False)
    app.add_route("/wait", wait)
    async with serving(app, lifespan="on", connections=2) as served:
        busy = [await opened(served.port) for _ in range(2)]
        for _, writer in busy:
            writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.1)
        yield served
        for _, writer in busy:
            writer.close()


@pytest.mark.parametrize(
    ("path", "member", "word"),
    [("/api/admin/impersonate", "code", "overloaded"), ("/oauth2/v1/token", "error", "temporarily_unavailable")],
)
async def test_where_all_are_busy_one_more_is_told_to_come_again(
    crowded: Served, path: str, member: str, word: str
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{crowded.port}") as client:
        answer = await client.post(path)

    assert (answer.status_code, answer.json()[member]) == (503, word)
    assert (answer.headers["Retry-After"], answer.headers["Connection"]) == ("2", "close")


async def test_health_is_told_though_all_are_busy(crowded: Served) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{crowded.port}") as client:
        answer = await client.get("/health/live")

    assert answer.status_code == 200


@pytest.fixture
async def draining(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """The real service, which answers for two more seconds when it was told to go."""
    settings = Settings(data_dir=tmp_path, master_key=MASTER_KEY)
    app = create_app(settings, database_url=fresh_database_url, with_worker=False)
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    async with serving(app, lifespan="on", drain=timedelta(seconds=2)) as served:
        yield served
    signal.signal(signal.SIGTERM, before)


async def test_a_server_that_goes_says_so_first_and_answers_meanwhile(draining: Served) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{draining.port}") as client:
        before = await client.get("/health/ready")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.3)
        ready, meanwhile = await client.get("/health/ready"), await client.get("/problems")

    assert "Connection" not in before.headers
    assert (ready.status_code, ready.json()["checks"]) == (503, {"process": "is about to stop"})
    assert (meanwhile.status_code, meanwhile.headers["Connection"]) == (200, "close")


async def test_who_says_it_twice_does_not_wait(draining: Served) -> None:
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.3)

    async with asyncio.timeout(1):
        while draining.server.servers[0].is_serving():  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.05)
