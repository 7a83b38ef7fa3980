"""Replicas as processes of their own over one database, and a balancer that sends requests to who is ready."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import httpx
from typing_extensions import override

from attacks.doors import Doors, Scene, make_scene
from conftest import MASTER_KEY
from impersonator_api.app import open_desk
from impersonator_api.settings import Settings

OURS = {
    "IMPERSONATOR_FAILED_RATE_LIMIT": "off",
    "IMPERSONATOR_FAILED_ADDRESS_RATE_LIMIT": "off",
    "IMPERSONATOR_LOG_LEVEL": "warning",
    "IMPERSONATOR_WORKER_INTERVAL": "PT0.2S",
    "IMPERSONATOR_MASTER_KEY": MASTER_KEY.get_secret_value(),
}
PATIENCE = 60


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Replica:
    """`impersonator serve`, which can be told to stop and started again at its port."""

    environment: Mapping[str, str]
    workers: int = 1
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> Self:
        """Start it, and wait until it is ready."""
        words = ("serve", "--port", str(self.port), "--workers", str(self.workers))
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "impersonator_api", *words, env={**os.environ, **self.environment}
        )
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as client:
            while not await is_ready(client, self.url):  # noqa: ASYNC110  # it tells nobody
                await asyncio.sleep(0.1)
        return self

    async def stop(self) -> int:
        """Tell it to stop as an orchestrator does; the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    """Whether somebody answers there and says that he can do his work."""
    try:
        return (await client.get(f"{url}/health/ready")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


class Balancer(httpx.AsyncBaseTransport):
    """Sends each request to a replica that was ready a moment ago; it keeps connections and repeats nothing."""

    def __init__(self, urls: list[str]) -> None:
        self._ways = {url: httpx.AsyncHTTPTransport() for url in urls}
        self._ready = list(urls)
        self._turn = 0

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._turn += 1
        url = self._ready[self._turn % len(self._ready)]
        request.url = request.url.copy_with(port=httpx.URL(url).port)
        return await self._ways[url].handle_async_request(request)

    async def watch(self) -> None:
        """Look who is ready, five times a second."""
        async with httpx.AsyncClient() as client:
            while True:
                self._ready = [url for url in self._ways if await is_ready(client, url)]
                await asyncio.sleep(0.2)

    @override
    async def aclose(self) -> None:
        for way in self._ways.values():
            await way.aclose()


async def make_scene_at(database_url: str, folder: Path, http: httpx.AsyncClient) -> Scene:
    """An organisation in that database, whose people use that client."""
    settings = Settings(data_dir=folder, master_key=MASTER_KEY)
    async with open_desk(settings, database_url=database_url) as desk:
        return await make_scene(desk.engine, desk, Doors(http))


def environment_of(database_url: str, folder: Path, **settings: str) -> dict[str, str]:
    """What a replica is told."""
    return {**OURS, "IMPERSONATOR_DATABASE_URL": database_url, "IMPERSONATOR_DATA_DIR": str(folder), **settings}


async def until(holds: Callable[[], Awaitable[Any]], *, seconds: float) -> float:
    """Wait until it holds; how long that took."""
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.1)
    return asyncio.get_running_loop().time() - began


@dataclass
class Pair:
    """Two replicas, and one scene seen through each of them."""

    replicas: list[Replica]
    at: list[Scene]
    environment: Mapping[str, str]

    async def command(self, *words: str) -> str:
        """Run a command of ours on the same database; what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "impersonator_api", *words,
            env={**os.environ, **self.environment}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode()


async def pair_of(stack: AsyncExitStack, database_url: str, folder: Path) -> Pair:
    """Start both; the stack stops them."""
    environment = environment_of(database_url, folder)
    replicas = [Replica(environment), Replica(environment, workers=2)]
    for replica in await asyncio.gather(*(each.start() for each in replicas)):
        stack.push_async_callback(replica.stop)
    clients = [await stack.enter_async_context(httpx.AsyncClient(base_url=each.url, timeout=30)) for each in replicas]
    scene = await make_scene_at(database_url, folder, clients[0])
    return Pair(replicas, [scene, replace(scene, doors=Doors(clients[1]))], environment)
