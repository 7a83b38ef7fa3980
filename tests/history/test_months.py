"""Months come by themselves; where they do not, the doctor says so, and the documented way mends it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Command
from history.past import Past, months_ago
from impersonator_api.history import MONTHS_AHEAD, History, Month

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text()
MENDING = re.findall(r"^### Rows beside the months.*?^```sql\n(.*?)^```", OPERATIONS, re.MULTILINE | re.DOTALL)[0]

ASTRAY = """
INSERT INTO audit_entries (id, tenant_id, occurred_at, action, request_id)
VALUES ('024c1675-f800-7000-8000-000000000000', gen_random_uuid(), '2050-01-15', 'session.started', 'wrong-clock')
"""

Look = Callable[[], Any]


@pytest.fixture
def look(run: Command, unused_tcp_port: int) -> Look:
    """What the doctor finds about months."""

    def found() -> Any:
        findings = run("doctor", "--json", "--port", unused_tcp_port).json["findings"]
        return next(finding for finding in findings if finding["check"] == "months")

    return found


def dropped(past: Past, history: History, month: Month) -> None:
    past.say(f"DROP TABLE {month.partition_of(history.table)}")


def test_the_months_to_come_are_there(past: Past, look: Look) -> None:
    assert past.rows(History.SESSIONS) == 0

    assert look()["detail"] == f"Made until {months_ago(-MONTHS_AHEAD)}."


@pytest.mark.parametrize("history", list(History))
def test_the_doctor_warns_where_the_next_month_is_missing(past: Past, look: Look, history: History) -> None:
    dropped(past, history, months_ago(-1))

    assert (look()["verdict"], history in look()["detail"]) == ("warning", True)


def test_a_worker_makes_what_is_missing(past: Past, run: Command, look: Look) -> None:
    dropped(past, History.AUDIT, months_ago(-1))

    done = run("work", "--once", "--json").json

    assert (done["make partitions"], look()["verdict"]) == (1, "ok")


def test_rows_beside_the_months_are_warned_of(past: Past, run: Command, look: Look) -> None:
    past.say(ASTRAY)

    outcome = run("work", "--once")

    assert "rows beside the months" in outcome.err
    assert (look()["verdict"], "audit" in look()["detail"]) == ("warning", True)


def test_what_the_documents_say_brings_them_to_their_month(past: Past, look: Look) -> None:
    past.say(ASTRAY)

    past.say(*[statement for statement in MENDING.split(";\n") if statement not in {"BEGIN", "COMMIT"}])

    assert past.ask("SELECT tableoid::regclass::text FROM audit_entries")[0][0] == "audit_entries_y2050m01"
    assert look()["verdict"] == "ok"
    with pytest.raises(Exception, match="the audit only grows"):
        past.say("TRUNCATE audit_entries_default")
