"""A database with a past, and commands that run on it as its owner."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from builders import make_tenant
from cli.conftest import Command, acme, run, slug, untouched_process
from history.past import Past

__all__ = ["acme", "run", "slug", "untouched_process"]


@pytest.fixture
async def past(fresh_database_url: str) -> Past:
    """An organisation on a database of its own, without any past yet."""
    engine = create_async_engine(fresh_database_url)
    them = await make_tenant(engine)
    ana, bob = await them.person("ana"), await them.person("bob")
    await engine.dispose()
    return Past(fresh_database_url, them, ana, bob, them.client_ids[f"impersonator:{them.slug}"])


@pytest.fixture
def cli_database_url(fresh_database_url: str) -> str:
    """What commands run on here."""
    return fresh_database_url


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is kept for two months."""
    for what in ("SESSIONS", "REFRESH_TOKENS", "AUDIT"):
        monkeypatch.setenv(f"IMPERSONATOR_{what}_KEPT_MONTHS", "2")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def retention(run: Command) -> Command:
    """`impersonator retention …`."""
    return lambda *arguments: run("retention", *arguments)
