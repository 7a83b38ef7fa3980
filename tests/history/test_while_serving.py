"""A month goes while the service runs and others read it: no request fails, and none waits for long."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from cli.conftest import MASTER_KEY, Command
from cli.processes import running
from history.past import Past, months_ago
from impersonator_api.history import History

pytestmark = [pytest.mark.usefixtures("kept"), pytest.mark.slow]

LOCK_WAIT = 0.2
"""As long as a month's end may shut everybody out, by itself."""

BUSY_MACHINE = 1.5
LINES = 4


@dataclass
class Heard:
    """What those who asked were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0


def ready(port: int) -> None:
    """Wait until the service answers."""
    for _ in range(300):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError


@contextmanager
def asking(port: int, token: str, target: str) -> Iterator[Heard]:
    """Somebody starts, looks and ends, again and again, on some lines at once."""
    heard, over = Heard(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_asked(port, token, target, heard, over)))
    thread.start()
    time.sleep(0.5)
    try:
        yield heard
        time.sleep(0.5)
    finally:
        over.set()
        thread.join()


async def _asked(port: int, token: str, target: str, heard: Heard, over: threading.Event) -> None:
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as http:
        await asyncio.gather(_lives(http, target, heard, over), *[_lists(http, heard, over) for _ in range(LINES)])


async def _lives(http: httpx.AsyncClient, target: str, heard: Heard, over: threading.Event) -> None:
    body = {"target_user_id": target, "reason": "Locked out since Monday"}
    while not over.is_set():
        await _told(heard, http.post("/api/admin/impersonate", json=body))
        await _told(heard, http.post("/api/admin/impersonate/end", json={}))


async def _lists(http: httpx.AsyncClient, heard: Heard, over: threading.Event) -> None:
    while not over.is_set():
        await _told(heard, http.get("/api/admin/impersonate/sessions"))


async def _told(heard: Heard, asked: Awaitable[httpx.Response]) -> None:
    began = time.monotonic()
    heard.statuses[(await asked).status_code] += 1
    heard.slowest = max(heard.slowest, time.monotonic() - began)


def test_months_go_while_requests_come_and_somebody_reads_them(
    past: Past, run: Command, acme: str, archive: Path, unused_tcp_port: int, tmp_path: Path
) -> None:
    past.month(months_ago(3))
    token = run("token", "--as", f"ana@{acme}.test", "--tenant", acme).out.strip()
    month = months_ago(3).partition_of(History.SESSIONS.table)
    settings = {"IMPERSONATOR_DATABASE_URL": past.url, "IMPERSONATOR_MASTER_KEY": MASTER_KEY}

    with running("serve", "--port", unused_tcp_port, data_dir=tmp_path / "data", settings=settings):
        ready(unused_tcp_port)
        with (
            asking(unused_tcp_port, token, "1003") as heard,
            past.meanwhile(f"LOCK TABLE {month} IN ACCESS SHARE MODE", seconds=2),
        ):
            outcome = run("retention", "apply", "--archive", archive)

    assert outcome.code == 0, outcome.err
    assert set(heard.statuses) == {200}, heard.statuses
    assert heard.slowest < LOCK_WAIT + BUSY_MACHINE
    assert past.ask(f"SELECT to_regclass('{month}')")[0][0] is None
