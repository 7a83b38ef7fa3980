"""Node with the locked packages, and one served instance for all clients of a run."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from clients.service import Service, served
from conftest import _clone

ROOT = Path(__file__).parents[2]
NOT_HERE = 77
"""How `scripts/clients` says that there is no Node."""


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node, with `tests/clients/node_modules` as the lock wants it; skips where there is none."""
    # Several processes run tests; one of them installs.
    with (Path(sys.prefix) / ".clients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prepared = subprocess.run([ROOT / "scripts/clients"], capture_output=True, text=True, check=False)  # noqa: S603
    if prepared.returncode == NOT_HERE and "CI" not in os.environ:
        pytest.skip(prepared.stderr)
    assert prepared.returncode == 0, prepared.stderr
    return prepared.stdout.strip()


@pytest.fixture(scope="session")
async def clients_database_url(owner_url: str, template: str) -> AsyncIterator[str]:
    """A database whose realm is the clients' own."""
    async for url in _clone(owner_url, template):
        yield url


@pytest.fixture(scope="session")
def service(
    clients_database_url: str,
    unused_tcp_port_factory: Callable[[], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """The service as it is run, in a process of its own."""
    folder = tmp_path_factory.mktemp("clients")
    ports = {"port": unused_tcp_port_factory(), "pages_port": unused_tcp_port_factory()}
    with served(clients_database_url, **ports, folder=folder) as service:
        yield service


@pytest.fixture(scope="session")
def stage(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all that a client in another language is told."""
    file = tmp_path_factory.mktemp("stage") / "stage.json"
    file.write_text(json.dumps(service.stage()))
    return file
