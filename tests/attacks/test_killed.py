"""SIGKILL in the middle of everything: what was answered is stored, what is stored is whole."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from attacks.doors import Doors
from attacks.patient import halves_in
from builders import Someone, make_tenant, ordinary_token
from conftest import MASTER_KEY
from impersonator_api.app import open_desk
from impersonator_api.settings import Settings

SERVE = """
import sys
from impersonator_api.app import run_server
from impersonator_api.settings import load_settings
run_server(load_settings(), host="127.0.0.1", port=int(sys.argv[1]), workers=1, database_url=sys.argv[2])
"""

ROUNDS = 3
ADMINS = 6


@dataclass
class Victim:
    """A server that is going to be killed, and what it answered before."""

    url: str
    environment: dict[str, str]
    database_url: str
    tokens: list[str]
    target: Someone
    answered: list[str] = field(default_factory=list)

    async def serve_until(self, answers: int) -> None:
        """Start the server, hammer it from many sides, and kill it in the middle of it."""
        port = self.url.rpartition(":")[2]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SERVE,
            port,
            self.database_url,
            env=self.environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await self.listening()
            hammers = [asyncio.create_task(self.hammer(token)) for token in self.tokens]
            async with asyncio.timeout(20):
                while len(self.answered) < answers:  # noqa: ASYNC110  # between any two steps is a good moment
                    await asyncio.sleep(0.003)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        await asyncio.gather(*hammers)

    async def listening(self) -> None:
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            while True:
                try:
                    await client.get(f"{self.url}/health/live")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return

    async def hammer(self, token: str) -> None:
        """Start, refresh, start again, and end, until nobody answers any more."""
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client:
            doors = Doors(client)
            try:
                while True:
                    for _ in range(3):
                        started = (await doors.start(token, self.target)).raise_for_status().json()
                        self.answered.append(started["session_id"])
                        client_id = started["session"]["client_id"]
                        (await doors.refresh(started["refresh_token"], client_id)).raise_for_status()
                    (await doors.end(token)).raise_for_status()
            except httpx.TransportError:
                return


@pytest.fixture
async def owner(fresh_database_url: str) -> AsyncIterator[AsyncEngine]:
    """The owner's way to the victim's database."""
    engine = create_async_engine(fresh_database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def victim(fresh_database_url: str, tmp_path: Path) -> Victim:
    """An organisation with many admins, and a server for them that does not run yet."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(data_dir=tmp_path, master_key=MASTER_KEY)
    async with open_desk(settings, database_url=fresh_database_url) as desk:
        acme = await make_tenant(desk.engine)
        admins = [await acme.person(f"ana{number}", "super_admin") for number in range(ADMINS)]
        tokens = [await ordinary_token(desk, admin) for admin in admins]
        target = await acme.person("bob", "customer")
    environment = os.environ | {
        "IMPERSONATOR_DATA_DIR": str(tmp_path),
        "IMPERSONATOR_MASTER_KEY": MASTER_KEY.get_secret_value(),
        "IMPERSONATOR_LOG_LEVEL": "error",
    }
    return Victim(url, environment, fresh_database_url, tokens, target)


async def settled(owner: AsyncEngine) -> None:
    """Return when PostgreSQL has noticed that nobody is there any more."""
    question = """SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND application_name = 'impersonator'"""
    async with asyncio.timeout(10), owner.connect() as db:
        while (await db.execute(text(question))).scalar_one():  # noqa: ASYNC110  # PostgreSQL tells nobody
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_a_killed_server_leaves_no_half_of_anything(victim: Victim, owner: AsyncEngine) -> None:
    for number in range(ROUNDS):
        await victim.serve_until((number + 1) * 5 * ADMINS + number)
    await settled(owner)

    async with owner.connect() as db:
        stored = {str(each) for each in (await db.execute(text("SELECT id FROM impersonation_sessions"))).scalars()}

    assert await halves_in(owner) == {}
    assert set(victim.answered) <= stored
