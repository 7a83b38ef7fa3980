"""How several workers count as one: each in files of its own, which whoever is asked adds up.

A worker takes a place with a number, and its files are called by it. The lock on a place ends with its process,
however that ends, so a place that nobody locks is a dead worker's: its gauges are forgotten. Its counters stay, and
whoever takes the place next goes on counting in them, so that there are never more files than workers at once.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client.multiprocess import mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own variable; the parent leaves the folder's path there for its workers."""

KIB = 1024
SIZES = {
    "counter": 512 * KIB,
    "gauge_livemax": 64 * KIB,
    "gauge_livesum": 64 * KIB,
    "gauge_max": 64 * KIB,
    "histogram": 2048 * KIB,
}
"""Of a worker's files, by kind: room for some hundred combinations of labels, each of 5 KB in a histogram."""


@contextmanager
def counting_together() -> Iterator[None]:
    """In the parent of workers: a private folder for as long as they run."""
    with TemporaryDirectory(prefix="impersonator-metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


class Place:
    """A worker's place in the folder, held until its process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the first place that is free."""
        self.folder = folder
        self.number, self._lock = next(taken for taken in _attempts(folder) if taken is not None)
        # What the last one to sit here measured is not ours.
        mark_process_dead(self.number, str(folder))
        for kind, size in SIZES.items():
            _fill(folder / f"{kind}_{self.number}.db", size)

    def forget_dead(self) -> None:
        """Drop the gauges of workers that are gone."""
        for file in self.folder.glob("worker-*.lock"):
            number = int(file.stem.removeprefix("worker-"))
            lock = None if number == self.number else _locked(file)
            if lock is not None:
                # While we hold its lock nobody can take the place, so these are nobody's.
                mark_process_dead(number, str(self.folder))
                os.close(lock)


def find_folder() -> Path | None:
    """Where this process counts together with others, if it does."""
    named = os.environ.get(FOLDER)
    return Path(named) if named and Path(named).is_dir() else None


def _fill(file: Path, size: int) -> None:
    """Take the room now, with zeros: the library maps the file, and a full disk would kill whoever writes to a hole."""
    if not file.exists():
        file.write_bytes(bytes(size))


def _attempts(folder: Path) -> Iterator[tuple[int, int] | None]:
    for number in count():
        lock = _locked(folder / f"worker-{number}.lock")
        yield None if lock is None else (number, lock)


def _locked(file: Path) -> int | None:
    """An open descriptor that holds the lock; `None` where somebody else does."""
    lock = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
