"""Workers whose parent was killed."""

import signal
from pathlib import Path

import httpx
import pytest

from operations.replicas import Replica, environment_of, until


@pytest.mark.slow
async def test_workers_whose_parent_was_killed_go_and_leave_the_port_to_the_next(
    fresh_database_url: str, tmp_path: Path
) -> None:
    replica = await Replica(environment_of(fresh_database_url, tmp_path), workers=2).start()
    assert replica.process is not None

    replica.process.send_signal(signal.SIGKILL)
    await replica.process.wait()

    async def nobody_answers() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                await client.get(f"{replica.url}/health/live")
            except httpx.ConnectError:
                return True
            except httpx.TransportError:
                pass  # A worker on its way out took it: the port is not free yet.
            return False

    await until(nobody_answers, seconds=20)
    await replica.start()
    assert await replica.stop() == 0
