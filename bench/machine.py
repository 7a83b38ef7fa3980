"""Which core does what, and what the machine is."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from typing_extensions import override

PACKAGES = ("cryptography", "fastapi", "python-jose", "sqlalchemy", "asyncpg", "uvicorn", "uvloop")


@dataclass(frozen=True, slots=True)
class Placement:
    """The server's one core, and those of PostgreSQL and the load client. Empty: cores cannot be chosen here."""

    server: frozenset[int]
    others: frozenset[int]

    @property
    def is_pinned(self) -> bool:
        """Whether the server has a core of its own."""
        return bool(self.server)

    @override
    def __str__(self) -> str:
        if not self.is_pinned:
            return "nothing pinned: server, PostgreSQL and client share all cores"
        return f"server on one core, PostgreSQL and client on {len(self.others)} other"


def placement() -> Placement:
    """One core for the server and the rest for everybody else, where the system lets us choose."""
    if sys.platform != "linux" or len(cores := os.sched_getaffinity(0)) < 2:  # noqa: PLR2004  one for each side
        return Placement(frozenset(), frozenset())
    first = min(cores)
    return Placement(frozenset({first}), frozenset(cores - {first}))


def pin(cores: frozenset[int], pid: int = 0) -> None:
    """Let a process run there alone, and whatever it starts from now on; 0 is this one."""
    if cores and sys.platform == "linux":
        os.sched_setaffinity(pid, cores)


def pin_family(cores: frozenset[int], pid: int) -> None:
    """The same for a process with the children that it has."""
    for each in (pid, *children(pid)):
        # It may have ended meanwhile, as a PostgreSQL that vacuums does.
        with suppress(ProcessLookupError):
            pin(cores, each)


def children(pid: int) -> list[int]:
    """Of a process, where Linux tells."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@contextmanager
def moved(there: frozenset[int], back: frozenset[int]) -> Iterator[None]:
    """Work on those cores for a while."""
    pin(there)
    try:
        yield
    finally:
        pin(back)


def description() -> dict[str, str]:
    """What figures depend on besides our own code."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
