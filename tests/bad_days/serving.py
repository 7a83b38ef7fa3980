"""`impersonator serve` as it is started in production: processes, a port, a log."""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bad_days.processes import children_of, command_of, memory_of
from bad_days.wire import Answer, ConnectionLostError, Line
from bench.wire import LOOPBACK, get
from conftest import MASTER_KEY
from impersonator_api.settings import PREFIX

SECONDS = 60.0
READY = "Application startup complete"
"""What each worker says at last."""
NONE: Mapping[str, str] = {}
SERVE = ("-m", "impersonator_api", "serve")


class Serving:
    """A service that runs, and what its processes do."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process, self.port, self._log = process, port, log

    @property
    def pid(self) -> int:
        """Of the process that was started: the one worker, or the parent of several."""
        return self._process.pid

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        spawned = [pid for pid in children_of(self.pid) if "spawn_main" in command_of(pid)]
        return spawned or [self.pid]

    @property
    def memory(self) -> int:
        """Resident bytes of all that answer."""
        return sum(memory_of(pid) for pid in self.workers)

    @property
    def ready(self) -> int:
        """How many workers were, since the beginning, ready to answer."""
        return self.log.count(READY)

    @property
    def log(self) -> str:
        """Everything that it said."""
        return self._log.read_text(errors="replace")

    async def ask(self, path: str) -> Answer:
        """One question without credentials, on a connection of its own."""
        line = Line(self.port)
        try:
            return await line.ask(get(path))
        finally:
            line.close()

    async def listening(self, workers: int) -> None:
        """Wait until so many processes answer."""
        await until(self._answers, "the service does not answer")
        if workers > 1:
            await until(lambda: self.ready >= workers, "not every worker answers")

    async def _answers(self) -> bool:
        assert self._process.poll() is None, self.log[-3000:]
        try:
            return (await self.ask("/health/live")).status == 200
        except ConnectionLostError:
            return False

    def stop(self) -> int:
        """Tell it to stop; answers its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(SECONDS)
        finally:
            for pid in [*children_of(self.pid), self.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


async def until(holds: Callable[[], bool | Awaitable[bool]], complaint: str, *, seconds: float = SECONDS) -> None:
    """Ask again and again until it holds; it must within so many seconds."""
    give_up_at = time.monotonic() + seconds
    while True:
        held = holds()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < give_up_at, complaint
        await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(
    database_url: str,
    folder: Path,
    *,
    workers: int = 1,
    settings: Mapping[str, str] = NONE,
    program: Sequence[str] = SERVE,
) -> AsyncIterator[Serving]:
    """Run it; afterwards it must have stopped when told, and logged nothing unexpected."""
    port, log = _free_port(), folder / "serve.log"
    command = [sys.executable, *program, "--port", str(port), "--workers", str(workers)]
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: ASYNC220, S603  a moment; our own words
            command, env=_environment(database_url, folder, settings), stdout=out, stderr=subprocess.STDOUT
        )
    service = Serving(process, port, log)
    try:
        await service.listening(workers)
        yield service
    finally:
        code = await asyncio.to_thread(service.stop)
    unexpected = [line[-2500:] for line in service.log.splitlines() if "Traceback" in line]
    assert not unexpected, unexpected[0]
    assert code == 0, service.log[-3000:]


def _free_port() -> int:
    """A port that nobody listens at, and that no connection begins at.

    Whoever knocks at one of those again and again meets himself some day (RFC 9293 §3.5, simultaneous open).
    """
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as listener, suppress(OSError):
            listener.bind((LOOPBACK, port))
            return port


def _environment(database_url: str, folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    own = {
        "DATABASE_URL": database_url,
        "DATA_DIR": str(folder),
        "MASTER_KEY": MASTER_KEY.get_secret_value(),
        "LOG_FORMAT": "json",
        # Everybody comes from one address.
        "FAILED_RATE_LIMIT": "off",
        "FAILED_ADDRESS_RATE_LIMIT": "off",
    }
    return inherited | {f"{PREFIX}{name}": value for name, value in {**own, **settings}.items()}
