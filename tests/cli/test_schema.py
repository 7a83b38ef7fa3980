"""`impersonator migrate` makes a schema; every other command refuses one that is not this version's."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from cli.conftest import Command, on_server
from impersonator_api.revisions import head_revision


@pytest.fixture
async def empty_database_url(owner_url: str) -> AsyncIterator[str]:
    """A database without a schema, written the way other tools write it."""
    name = f"impersonator_empty_{uuid4().hex[:8]}"
    await on_server(owner_url, f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    yield make_url(owner_url).set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    await on_server(owner_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def run_there(run: Command, empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run commands on that database."""
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", empty_database_url)
    return run


@pytest.mark.parametrize("command", ["keys list", "sessions list", "audit export", "serve --port 59999", "work --once"])
def test_without_a_schema_commands_name_migrate(run_there: Command, command: str) -> None:
    outcome = run_there(*command.split())

    assert outcome.code == 1
    assert outcome.err.startswith("error[schema-behind]: ")
    assert "impersonator migrate" in outcome.err


def test_migrate_makes_the_schema_and_says_so(run_there: Command) -> None:
    answer = run_there("migrate", "--json").json

    assert answer == {"before": None, "after": head_revision(), "changed": True}
    assert run_there("sessions", "list").code == 0


def test_migrate_again_changes_nothing(run_there: Command) -> None:
    run_there("migrate")

    assert run_there("migrate").out == f"The schema is at {head_revision()} already.\n"


def test_migrate_uses_the_owners_login_where_there_is_one(
    run_there: Command, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPERSONATOR_OWNER_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")

    assert run_there("migrate").code == 0


def test_migrate_without_a_database_says_why(run_there: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")

    outcome = run_there("migrate")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[database-unavailable]")


def test_the_duties_of_time_can_be_done_once(run_there: Command) -> None:
    run_there("migrate")

    done = run_there("work", "--once", "--json").json

    assert done["expire overdue sessions"] == 0
