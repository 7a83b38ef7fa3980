"""What Linux knows about processes."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
PR_SET_CHILD_SUBREAPER = 36
PAGE = os.sysconf("SC_PAGE_SIZE")


def children_of(pid: int) -> list[int]:
    """The processes that it started and that have not ended."""
    try:
        return [int(child) for child in (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]
    except FileNotFoundError:
        return []


def adopt_orphans() -> None:
    """Become the parent of whatever loses its own (prctl(2)), in place of process 1.

    Process 1 of a container may bury nobody, and PostgreSQL takes a dead postmaster that has its id for a living one.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def bury(pid: int) -> None:
    """Wait until a process that was killed is gone."""
    # One that is not ours was somebody else's child, who has buried it.
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def has_ended(pid: int) -> bool:
    """Gone, or dead and not yet buried by its parent."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def command_of(pid: int) -> str:
    """Its command line; nothing of one that has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def memory_of(pid: int) -> int:
    """Resident bytes."""
    return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
