"""How much of a core a process and its children used; Linux tells, elsewhere nobody knows."""

import os
from collections.abc import Mapping
from pathlib import Path
from time import process_time

Usage = Mapping[str, float]
"""Seconds of CPU by whose they were."""

CLIENT = "client"


def usage(processes: Mapping[str, int]) -> Usage:
    """What each of these processes used so far with its children, and this one."""
    known = {name: seconds for name, pid in processes.items() if (seconds := _family_seconds(pid)) is not None}
    return {**known, CLIENT: process_time()}


def _family_seconds(pid: int) -> float | None:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ticks = sum(_ticks(Path(f"/proc/{each}/stat")) for each in (pid, *children))
    except OSError:
        return None
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(stat: Path) -> int:
    # proc(5): the name in parentheses may hold spaces; utime, stime, cutime and cstime are fields 14 to 17.
    fields = stat.read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))
