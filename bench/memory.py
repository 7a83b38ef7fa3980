"""How much memory a server's largest process ever had; Linux tells, elsewhere nobody knows."""

from pathlib import Path

from bench.machine import children


def peak_bytes(pid: int) -> int | None:
    """Of the process and its children, the one with the highest mark (proc(5), `VmHWM`)."""
    try:
        return max(_high_mark(Path(f"/proc/{each}/status")) for each in (pid, *children(pid)))
    except OSError:
        return None


def _high_mark(status: Path) -> int:
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
