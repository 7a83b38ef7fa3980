"""Node with the locked packages, a browser, and one served instance for all clients of a run."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.jwk import KeySet

from clients.realm import SECRETS
from clients.service import Service, served
from conftest import _clone

HERE = Path(__file__).parent
PREPARE = HERE.parents[1] / "scripts/clients"
NOT_HERE = 77
"""How `scripts/clients` says that there is no Node."""

HANDOVER = "urn:impersonator:params:oauth:grant-type:handover"
Open = Callable[..., AsyncOAuth2Client]


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node, with `tests/clients/node_modules` as the lock wants it; skips where there is none."""
    prepared = _alone([PREPARE])
    if prepared.returncode == NOT_HERE:
        _skip(prepared.stderr)
    assert prepared.returncode == 0, prepared.stderr
    return prepared.stdout.strip()


@pytest.fixture(scope="session")
def browser(node: str) -> None:
    """A browser that starts: on Linux the one in the lock, elsewhere the Chrome that is installed; skips without."""
    tried = _alone([node, HERE / "browser.mjs"])
    if tried.returncode:
        _skip(f"No browser starts here; install Chrome.\n{tried.stderr}")


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


@pytest.fixture(scope="session")
def metadata(service: Service) -> dict[str, Any]:
    """What a client learns from our issuer's address (RFC 8414)."""
    answer = httpx.get(f"{service.issuer}/.well-known/oauth-authorization-server")
    return dict(answer.raise_for_status().json())


@pytest.fixture(scope="session")
def keys(metadata: dict[str, Any]) -> KeySet:
    """What a resource server verifies our tokens by."""
    return KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).raise_for_status().json())


@pytest.fixture
async def opened(metadata: dict[str, Any]) -> AsyncIterator[Open]:
    """Authlib's clients, closed after the test; one with a secret proves itself by HTTP Basic unless told otherwise."""
    clients = []

    def opened(client_id: str, **how: Any) -> AsyncOAuth2Client:
        clients.append(AsyncOAuth2Client(client_id, token_endpoint=metadata["token_endpoint"], **how))
        return clients[-1]

    yield opened
    for client in clients:
        await client.aclose()


@pytest.fixture
def reader(opened: Open) -> AsyncOAuth2Client:
    """May ask about every token."""
    return opened("reader", client_secret=SECRETS["reader"])


@pytest.fixture
async def entered(service: Service, opened: Open) -> AsyncOAuth2Client:
    """An application in which Ana is Carla, by the code of a hand-over link."""
    portal = opened("portal")
    link = service.hand_over("1003", "portal")
    code = urlsplit(link["url"]).fragment.removeprefix("handover_code=")
    await portal.fetch_token(grant_type=HANDOVER, code=code, redirect_uri=link["redirect_uri"])
    return portal


def _alone(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Several processes run tests; one of them installs and unpacks."""
    with (Path(sys.prefix) / ".clients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own programs


def _skip(reason: str) -> None:
    """Loudly, and never where nobody would hear it."""
    if {"CI", "NEVER_SKIP"} & os.environ.keys():
        pytest.fail(reason)
    pytest.skip(reason)
