"""A server of several processes."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from limited import TOKEN
from shared_storage import Valkey, free_port
from web.test_server import START, listening

LIMITS = {
    "IMPERSONATOR_FAILED_RATE_LIMIT": "5/hour",
    "IMPERSONATOR_RATE_LIMIT_STORAGE_TIMEOUT": "PT1M",
    "IMPERSONATOR_LOG_FORMAT": "json",
}


@pytest.fixture
async def url(valkey: Valkey, fresh_database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """Where two processes listen, which share a Valkey."""
    port = free_port()
    places = {"IMPERSONATOR_DATA_DIR": str(tmp_path), "IMPERSONATOR_RATE_LIMIT_STORAGE_URL": valkey.url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, str(port), "2", fresh_database_url,
        env=os.environ | LIMITS | places, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await listening(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    await process.communicate()


async def guess(url: str) -> int:
    # A connection of its own, so that any process may get it.
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{url}{TOKEN}", data={"grant_type": "client_credentials"}, auth=("backend", "a guess")
        )
    return answer.status_code


@pytest.mark.slow
async def test_several_processes_let_through_no_more_than_one(url: str) -> None:
    statuses = Counter([await guess(url) for _ in range(30)])

    assert statuses == {401: 5, 429: 25}
