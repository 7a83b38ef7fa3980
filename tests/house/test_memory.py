"""A server process holds nothing that it has no use for; docs/performance.md says what it does hold."""

import subprocess
import sys

import pytest

SERVER = (
    "import sys; from impersonator_api.cli import serving; from impersonator_api.app import create_app;"
    "from impersonator_api.settings import Settings;"
    "create_app(Settings(), database_url='postgresql+asyncpg://nobody@127.0.0.1/none');"
    "print(*sorted({name for name in sys.modules}))"
)


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The names of all modules that a process needed to make its application."""
    told = subprocess.run(  # noqa: S603  # our own interpreter and our own lines
        [sys.executable, "-c", SERVER], capture_output=True, text=True, check=True
    )
    return set(told.stdout.split())


@pytest.mark.parametrize(
    "name", ["alembic", "mako", "httpx", "impersonator_api.realm", "yaml", "rich", "pygments", "sqlalchemy.orm"]
)
def test_a_server_does_not_load_what_it_never_uses(loaded: set[str], name: str) -> None:
    assert name not in loaded


def test_what_was_left_out_is_there_for_whoever_asks() -> None:
    program = (
        "import impersonator_api, structlog; from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession;"
        "from rich.console import Console; print(AsyncSession.__module__, Console.__module__)"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert told.stdout.split() == ["sqlalchemy.ext.asyncio.session", "rich.console"]
