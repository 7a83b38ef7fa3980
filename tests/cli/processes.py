"""Commands as processes of their own: what they print, how they end, and what they leave behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SECONDS = 90
LOCAL_SETTINGS = ("IMPERSONATOR_DATABASE_URL", "IMPERSONATOR_ISSUER", "IMPERSONATOR_TEST_DATABASE_URL")
NONE: Mapping[str, str] = {}


class Running:
    """A command that runs until it is told to stop."""

    def __init__(self, arguments: Sequence[str], data_dir: Path, settings: Mapping[str, str] = NONE) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
        self._log = data_dir.with_name(f"{data_dir.name}.log").open("w+")
        self._process = subprocess.Popen(  # noqa: S603  our own words
            [sys.executable, "-m", "impersonator_api", *arguments],
            env=environment | {"IMPERSONATOR_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1", **settings},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def said(self) -> str:
        """Everything it printed so far, on either stream."""
        return Path(self._log.name).read_text()

    def wait_for(self, words: str) -> None:
        """Wait until it says so."""
        give_up_at = time.monotonic() + SECONDS
        is_over = False
        while words not in self.said:
            assert not is_over, self.said
            assert time.monotonic() < give_up_at, self.said
            # Its last words may come between the look at them and the look at the process.
            is_over = self._process.poll() is not None
            time.sleep(0.05)

    def told(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; answers the exit code."""
        self._process.send_signal(number)
        return self._process.wait(SECONDS)

    def close(self) -> None:
        """Whatever happened, nothing stays behind."""
        if self._process.poll() is None:
            self.told(signal.SIGTERM)
        self._log.close()


@contextmanager
def running(*arguments: object, data_dir: Path, settings: Mapping[str, str] = NONE) -> Iterator[Running]:
    """Run a command on an embedded database in that folder, unless the settings name another."""
    command = Running([str(argument) for argument in arguments], data_dir, settings)
    try:
        yield command
    finally:
        command.close()


def has_postgres(data_dir: Path) -> bool:
    """Whether a server is, or was not properly, at home there."""
    return (data_dir / "postgres" / "postmaster.pid").exists()
