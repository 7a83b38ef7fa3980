"""`impersonator sessions` sees every tenant's sessions and can end each of them."""

from uuid import uuid4

import pytest

from cli.conftest import Command
from impersonator_api import sessions, tokens
from impersonator_api.cli.opening import at_desk
from impersonator_api.cli.tenants import load_starter, load_target
from impersonator_api.sessions import Started, Wish
from impersonator_api.work import Desk


@pytest.fixture
def started(acme: str) -> Started:
    """Ana acts as Carla."""

    async def start(desk: Desk) -> Started:
        await desk.run_in_transaction(tokens.ensure_keys)
        await desk.run(desk.services.get(tokens.KeyRing).refresh)
        starter = await desk.run(load_starter, f"ana@{acme}.test", tenant=acme)
        target = await desk.run(load_target, "1003", tenant=acme)
        return await desk.run(sessions.start, starter=starter, wish=Wish(target=target, reason="locked\x1b[31m out"))

    return at_desk(start)


def test_an_active_session_is_listed_with_its_people(run: Command, acme: str, started: Started) -> None:
    (row,) = run("sessions", "list", "--tenant", acme, "--status", "active", "--json").json

    assert row["id"] == str(started.live.session.id)
    assert (row["impersonator_label"], row["target_label"]) == (f"ana@{acme}.test", f"carla@{acme}.test")


def test_without_a_tenant_every_tenants_sessions_are_listed(run: Command, started: Started) -> None:
    found = run("sessions", "list", "--limit", "1000", "--json").json

    assert str(started.live.session.id) in {row["id"] for row in found}


@pytest.mark.usefixtures("started")
def test_what_somebody_wrote_cannot_command_the_terminal(run: Command, acme: str) -> None:
    shown = run("sessions", "list", "--tenant", acme).out

    assert "locked?[31m out" in shown
    assert "\x1b[31m" not in shown


def test_an_ended_session_says_who_ended_it_and_why(run: Command, acme: str, started: Started) -> None:
    outcome = run("sessions", "end", started.live.session.id)

    (row,) = run("sessions", "list", "--tenant", acme, "--json").json
    assert outcome.code == 0
    assert (row["status"], row["end_reason"]) == ("ended", "revoked")
    assert row["ended_by"].startswith("cli:")


def test_a_session_ends_once(run: Command, started: Started) -> None:
    run("sessions", "end", started.live.session.id, "--json")

    again = run("sessions", "end", started.live.session.id)

    assert (again.code, again.err.split(":")[0]) == (1, "error[session-already-ended]")


def test_an_unknown_session_cannot_end(run: Command) -> None:
    outcome = run("sessions", "end", uuid4())

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[session-unknown]")


def test_what_is_no_id_is_wrong_usage(run: Command) -> None:
    assert run("sessions", "end", "everything").code == 2


def test_where_there_are_no_sessions_the_list_says_so(run: Command, acme: str) -> None:
    assert run("sessions", "list", "--tenant", acme).out == "No such sessions.\n"
