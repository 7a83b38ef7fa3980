"""A month of the audit as a file, one line of JSON for each entry, and the digest that vouches for it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from impersonator_api import audit
from impersonator_api.history import store
from impersonator_api.history.errors import ArchiveMissingError, ExportDiffersError
from impersonator_api.history.month import Month
from impersonator_api.work import Work

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Archived:
    """What lies in the archive: as many lines as entries, and the SHA-256 of its bytes."""

    file: Path
    sha256: str
    rows: int


async def written(work: Work, month: Month, archive: Path) -> Archived:
    """Write a month of the audit to the archive, on disk before this returns; a file that is there must be the same.

    Raises `ArchiveMissingError` where nothing can be written, and `ExportDiffersError` for another file of that name.
    """
    file = archive / f"audit-{month}.jsonl"
    try:
        with _appearing(file) as part:
            digest, rows = await _copied(work, month, part)
            _refuse_other(file, digest)
        with _appearing(file.with_name(f"{file.name}.sha256")) as beside:
            beside.write(f"{digest}  {file.name}\n".encode())
    except OSError as error:
        raise ArchiveMissingError(f"{file} cannot be written: {error.strerror}.") from error
    return Archived(file, digest, rows)


async def _copied(work: Work, month: Month, part: IO[bytes]) -> tuple[str, int]:
    first, beyond = store.bounds(month)
    digest, rows = hashlib.sha256(), 0
    async for entry in audit.export(work, first_id=first, beyond_id=beyond):
        line = f"{audit.as_line(entry)}\n".encode()
        part.write(line)
        digest.update(line)
        rows += 1
    return digest.hexdigest(), rows


def _refuse_other(file: Path, digest: str) -> None:
    if file.exists() and _digest_of(file) != digest:
        raise ExportDiffersError(f"{file} is another export than the table's; move it away and look at both.")


def _digest_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _appearing(file: Path) -> Iterator[IO[bytes]]:
    """A file for nobody else to read that appears whole or not at all, and survives a power cut once it is there."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", CHUNK) as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
        _settle(file.parent)
    finally:
        part.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Have the folder's entry for a file on disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
