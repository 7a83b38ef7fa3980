"""Where commands find their database, and that they leave nothing of it running."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url

from cli.conftest import Command
from cli.processes import has_postgres
from impersonator_api.cli.errors import NotPostgresError
from impersonator_api.cli.leaving import signals_held
from impersonator_api.cli.opening import driver_url


@pytest.fixture
def data_dir(
    run: Command,  # noqa: ARG001  sets first what this changes
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A folder for an embedded database; not pytest's own, whose path is too long for a socket."""
    with TemporaryDirectory(prefix="imp", dir="/tmp") as name:
        monkeypatch.setenv("IMPERSONATOR_DATA_DIR", str(Path(name, "data")))
        monkeypatch.delenv("IMPERSONATOR_DATABASE_URL")
        monkeypatch.delenv("IMPERSONATOR_MASTER_KEY")
        yield Path(name, "data")


def test_without_a_database_url_a_command_brings_its_own(run: Command, data_dir: Path) -> None:
    states = [key["state"] for key in run("keys", "list", "--json").json]

    assert sorted(states) == ["current", "current", "next", "next"]
    assert not has_postgres(data_dir)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_url_may_be_written_as_for_other_tools(scheme: str) -> None:
    parts = make_url(driver_url(f"{scheme}://me:p%40ss@db:5433/impersonator?sslmode=verify-full"))

    assert parts.drivername == "postgresql+asyncpg"
    assert parts.password == "p@ss"
    assert dict(parts.query) == {"ssl": "verify-full"}


@pytest.mark.usefixtures("untouched_process")
def test_a_signal_waits_until_what_it_ends_can_be_ended() -> None:
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))

    with signals_held():
        os.kill(os.getpid(), signal.SIGTERM)
        during = list(heard)

    assert (during, heard) == ([], [signal.SIGTERM])


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(NotPostgresError, match="postgresql"):
        driver_url("mysql://somebody@127.0.0.1/impersonator")
