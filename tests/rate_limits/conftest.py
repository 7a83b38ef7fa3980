"""A Redis of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_storage import Valkey


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server that runs."""
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()
