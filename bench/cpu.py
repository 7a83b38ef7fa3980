"""How much of a core a process and its children used; Linux tells, elsewhere nobody knows."""

import os
from collections.abc import Mapping
from pathlib import Path
from time import process_time

from bench.machine import children

Usage = Mapping[str, float]
"""Seconds of CPU by whose they were."""

CLIENT = "client"


def usage(processes: Mapping[str, int]) -> Usage:
    """What each of these processes used so far with its children, and this one."""
    known = {name: seconds for name, pid in processes.items() if (seconds := _family_seconds(pid)) is not None}
    return {**known, CLIENT: process_time()}


def _family_seconds(pid: int) -> float | None:
    own = _ticks(pid)
    if own is None:
        return None
    # What a child had that has ended meanwhile is counted as its parent's.
    ticks = own + sum(_ticks(each) or 0 for each in children(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # proc(5): the name in parentheses may hold spaces; utime, stime, cutime and cstime are fields 14 to 17.
    return sum(map(int, stat.rpartition(")")[2].split()[11:15]))
