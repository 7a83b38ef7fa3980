"""Commands run as they are typed, in this process where that is enough, on a database of their own."""

import base64
import json
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from impersonator_api.cli import main

MASTER_KEY = base64.b64encode(b"m" * 32).decode()


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture(scope="session")
async def cli_database_url(owner_url: str, template: str) -> AsyncIterator[str]:
    """A migrated database that only commands use: they see all tenants."""
    name = f"impersonator_cli_{uuid4().hex[:8]}"
    await on_server(owner_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield make_url(owner_url).set(database=name).render_as_string(hide_password=False)
    await on_server(owner_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def run(
    cli_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    untouched_process: None,  # noqa: ARG001  restores what commands change
) -> Command:
    """Run a command on that database; settings are changed with `monkeypatch.setenv`."""
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", cli_database_url)
    monkeypatch.setenv("IMPERSONATOR_MASTER_KEY", MASTER_KEY)
    monkeypatch.setenv("IMPERSONATOR_DATA_DIR", str(tmp_path / "data"))

    def typed(*arguments: object) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(int(leaving.value.code or 0), said.out, said.err)

    return typed


@pytest.fixture
def untouched_process() -> Iterator[None]:
    """Signals and logging belong to the process; a command sets both."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    on_term, configuration = signal.getsignal(signal.SIGTERM), structlog.get_config()
    yield
    signal.signal(signal.SIGTERM, on_term)
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.configure(**configuration)


@pytest.fixture
def slug() -> str:
    """A tenant of this test's own."""
    return f"acme-{uuid4().hex[:8]}"


@pytest.fixture
def acme(run: Command, slug: str, tmp_path: Path) -> str:
    """A tenant with Ana, who may do everything, Carla, a customer, a SPA and a service; answers its slug."""
    file = tmp_path / "acme.yaml"
    file.write_text(realm_of(slug))
    outcome = run("apply", file)
    assert outcome.code == 0, outcome.err
    return slug


def realm_of(slug: str) -> str:
    """The realm file of such a tenant."""
    return f"""
tenant: {slug}
roles:
  - {{name: super_admin, rank: 100, permissions: ["*"]}}
  - {{name: customer, rank: 0}}
users:
  - {{external_id: "1001", email: ana@{slug}.test, display_name: Ana, roles: [super_admin]}}
  - {{external_id: "1003", email: carla@{slug}.test, display_name: Carla, roles: [customer]}}
clients:
  - {{client_id: dashboard-{slug}, name: Dashboard, kind: spa}}
  - {{client_id: backoffice-{slug}, name: Back office, kind: service, scopes: [root]}}
"""


async def on_server(url: str, *statements: str) -> None:
    """Run statements as the server's owner, each on its own."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
