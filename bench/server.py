"""A server process on its own core: started, waited for, stopped."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.machine import pin
from bench.wire import LOOPBACK

SECONDS_TO_START = 60.0
SECONDS_TO_STOP = 30.0
LONGEST_LINE = 2000
"""Of what a server said last; a traceback in a log is one line."""


class ServerFailedError(Exception):
    """A server did not start, or ended by itself."""


@contextmanager
def running(
    command: Sequence[str], *, port: int, cores: frozenset[int], environment: Mapping[str, str], log: Path
) -> Iterator[int]:
    """The process id of a server that listens; what it prints goes to the log, and an error gets its last lines."""
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  our own words
            command, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            # It has but one thread so soon after its birth, and whatever it starts inherits the core.
            pin(cores, process.pid)
            _wait(process, port)
            yield process.pid
            _refuse_ended(process)
        except Exception as error:
            error.add_note(_last_words(log))
            raise
        finally:
            _stop(process)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    give_up_at = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < give_up_at:
        _refuse_ended(process)
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise ServerFailedError(f"Nobody listens after {SECONDS_TO_START:.0f} s.")


def _refuse_ended(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise ServerFailedError(f"The server ended with {process.returncode}.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_words(log: Path, count: int = 10) -> str:
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(line[:LONGEST_LINE] for line in lines)
