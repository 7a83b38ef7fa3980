"""Files that commands read and write."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from impersonator_api.cli.errors import FileUnusableError

STDIN = Path("-")


def read_file(path: Path) -> bytes:
    """A whole file, or stdin for `-`; raises `FileUnusableError`."""
    try:
        return sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as error:
        raise FileUnusableError(f"{path} cannot be read: {error.strerror}.") from error


@contextmanager
def written(path: Path | None) -> Iterator[TextIO]:
    """A file for nobody else to read, or stdout for None; raises `FileUnusableError`.

    It appears whole or not at all: half of an audit looks like a whole one.
    """
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise FileUnusableError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
