"""A disk that is small enough to be filled."""

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MNT_DETACH = 2
CHUNK = 64 * 1024

NEEDED = (
    "A small disk cannot be mounted here ({reason}). Run `make bad-days` as root with CAP_SYS_ADMIN, or where an "
    "ordinary user may make user namespaces; or name a mounted tmpfs of 256 MB that is empty: BAD_DAYS_DISK=/small."
)


@dataclass(frozen=True, slots=True)
class Disk:
    """A tmpfs of our own."""

    path: Path

    def fill(self) -> None:
        """Leave not a byte."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(CHUNK))

    def free(self) -> None:
        """Give the space back."""
        (self.path / "ballast").unlink()


@contextmanager
def small_disk(path: Path, *, megabytes: int) -> Iterator[Disk]:
    """Mount it there; where that is not allowed, use the one that `BAD_DAYS_DISK` names."""
    named = os.environ.get("BAD_DAYS_DISK")
    if named:
        yield Disk(Path(named))
        return
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={megabytes}m,mode=711".encode()
    # Not mount(8), which refuses whoever is not root, whatever he may do.
    if libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, options) != 0:
        reason = errno.errorcode[ctypes.get_errno()]
        raise PermissionError(NEEDED.format(reason=reason))
    try:
        yield Disk(path)
    finally:
        libc.umount2(os.fsencode(path), MNT_DETACH)
