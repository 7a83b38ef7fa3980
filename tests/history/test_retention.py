"""`impersonator retention`: whole months go, only what is old enough and over, the audit only to an archive."""

import hashlib
import json
from pathlib import Path

import pytest

from cli.conftest import Command
from history.past import Past, months_ago
from impersonator_api.history import History

pytestmark = pytest.mark.usefixtures("kept")

EVERYTHING = list(History)


def all_rows(past: Past) -> list[int]:
    return [past.rows(kind) for kind in EVERYTHING]


def test_what_is_kept_for_ever_never_goes(
    past: Past, retention: Command, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past.month(months_ago(60))
    for what in ("SESSIONS", "REFRESH_TOKENS", "AUDIT"):
        monkeypatch.delenv(f"IMPERSONATOR_{what}_KEPT_MONTHS")

    outcome = retention("apply", "--archive", archive)

    assert (outcome.code, outcome.out) == (0, "No month is due.\n")
    assert all_rows(past) == [1, 1, 1]


def test_a_month_goes_when_it_has_been_kept_for_long_enough(past: Past, retention: Command, archive: Path) -> None:
    past.month(months_ago(3))
    past.month(months_ago(2))

    outcome = retention("apply", "--archive", archive)

    assert outcome.code == 0, outcome.err
    assert past.rows(History.SESSIONS) == 1
    assert past.rows(History.REFRESH_TOKENS) == 1
    # The start of the month that stays, and what went, thrice.
    assert past.rows(History.AUDIT) == 4


def test_the_plan_says_what_would_go_and_changes_nothing(past: Past, retention: Command) -> None:
    past.month(months_ago(3))
    past.month(months_ago(2))

    planned = retention("plan", "--json").json

    due = [(held["history"], held["month"]) for held in planned if held["is_due"]]
    assert due == [(str(kind), str(months_ago(3))) for kind in EVERYTHING]
    assert all(held["bytes"] > 0 for held in planned)
    assert all_rows(past) == [2, 2, 2]


def test_the_plan_is_a_table_for_people(past: Past, retention: Command) -> None:
    past.month(months_ago(3))

    lines = retention("plan").out.splitlines()

    assert [line.split()[-1] for line in lines if str(months_ago(3)) in line] == ["due"] * 3


def test_the_audit_of_a_month_is_in_the_archive_before_it_goes(past: Past, retention: Command, archive: Path) -> None:
    past.month(months_ago(3))

    retention("apply", "--archive", archive, "--only", "audit")

    file = archive / f"audit-{months_ago(3)}.jsonl"
    (entry,) = (json.loads(line) for line in file.read_text().splitlines())
    assert (entry["action"], entry["reason"]) == ("session.started", "Locked out since Monday — müde")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (archive / f"{file.name}.sha256").read_text() == f"{digest}  {file.name}\n"
    assert past.rows(History.AUDIT) == 1


def test_without_an_archive_nothing_goes_at_all(past: Past, retention: Command) -> None:
    past.month(months_ago(3))

    outcome = retention("apply")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[archive-missing]")
    assert all_rows(past) == [1, 1, 1]


def test_each_tenant_reads_in_its_audit_what_went(past: Past, retention: Command, archive: Path) -> None:
    past.month(months_ago(3))

    retention("apply", "--archive", archive)

    *_, of_audit = told = past.audit()
    assert {(entry.action, entry.detail["history"]) for entry in told} == {
        ("history.dropped", str(kind)) for kind in EVERYTHING
    }
    file = archive / f"audit-{months_ago(3)}.jsonl"
    assert of_audit.detail["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (of_audit.detail["month"], of_audit.detail["rows"]) == (str(months_ago(3)), 1)
    assert of_audit.detail["by"].startswith("cli:")


def test_a_month_that_is_named_is_refused_where_it_is_too_young(past: Past, retention: Command) -> None:
    past.month(months_ago(2))

    outcome = retention("apply", "--only", "sessions", "--month", months_ago(2))

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[month-too-young]")


def test_a_month_that_is_not_there_is_said(past: Past, retention: Command) -> None:
    assert past.rows(History.SESSIONS) == 0

    outcome = retention("apply", "--only", "sessions", "--month", "2001-01")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[month-unknown]")


def test_a_month_stays_while_nobody_has_ended_one_of_its_sessions(past: Past, retention: Command) -> None:
    past.month(months_ago(3), status="active", end_reason=None, ended_at=None)

    outcome = retention("apply", "--only", "sessions")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[month-alive]")
    assert past.rows(History.SESSIONS) == 1


def test_a_month_stays_while_a_refresh_token_of_it_may_still_be_asked_about(past: Past, retention: Command) -> None:
    past.month(months_ago(3))
    past.say("UPDATE refresh_tokens SET expires_at = now() + interval '1 minute'")

    outcome = retention("apply", "--only", "refresh-tokens")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[month-alive]")
    assert past.rows(History.REFRESH_TOKENS) == 1


def test_a_session_goes_whose_tokens_are_of_the_month_after(past: Past, retention: Command) -> None:
    past.month(months_ago(3))
    past.month(months_ago(1))
    past.say("UPDATE refresh_tokens SET session_id = (SELECT id FROM impersonation_sessions ORDER BY id LIMIT 1)")

    outcome = retention("apply", "--only", "sessions")

    assert outcome.code == 0, outcome.err
    assert [past.rows(History.SESSIONS), past.rows(History.REFRESH_TOKENS)] == [1, 2]


def test_an_archive_that_holds_something_else_keeps_the_month(past: Past, retention: Command, archive: Path) -> None:
    past.month(months_ago(3))
    file = archive / f"audit-{months_ago(3)}.jsonl"
    file.write_text("somebody else's\n")

    outcome = retention("apply", "--archive", archive, "--only", "audit")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[export-differs]")
    assert file.read_text() == "somebody else's\n"
    assert past.rows(History.AUDIT) == 1


def test_a_month_that_was_exported_before_goes_by_the_same_file(past: Past, retention: Command, archive: Path) -> None:
    past.month(months_ago(3))

    exported = retention("export", months_ago(3), "--archive", archive, "--json").json
    applied = retention("apply", "--archive", archive, "--only", "audit", "--json").json

    assert exported["rows"] == 1
    assert [gone["sha256"] for gone in applied] == [exported["sha256"]]


def test_a_month_that_is_not_over_is_not_exported(past: Past, retention: Command, archive: Path) -> None:
    past.month(months_ago(0))

    outcome = retention("export", months_ago(0), "--archive", archive)

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[month-too-young]")
    assert list(archive.iterdir()) == []


def test_a_folder_that_cannot_be_written_keeps_the_month(past: Past, retention: Command, archive: Path) -> None:
    past.month(months_ago(3))
    # Not by its permissions: root may write everywhere.
    (archive / f"audit-{months_ago(3)}.jsonl").mkdir()

    outcome = retention("apply", "--archive", archive, "--only", "audit")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[archive-missing]")
    assert past.rows(History.AUDIT) == 1


def test_nobody_else_lets_months_go_at_the_same_time(past: Past, retention: Command) -> None:
    past.month(months_ago(3))
    with past.meanwhile("SELECT pg_advisory_xact_lock(x'1A9E60'::bigint)"):
        outcome = retention("apply", "--only", "sessions")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[retention-running]")


def test_a_month_that_somebody_reads_all_the_time_stays_as_it_is(
    past: Past, retention: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    past.month(months_ago(3))
    monkeypatch.setattr("impersonator_api.history.letting_go.TRIES", 2)
    with past.meanwhile(f"LOCK TABLE {months_ago(3).partition_of(History.SESSIONS.table)} IN ACCESS SHARE MODE"):
        outcome = retention("apply", "--only", "sessions")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[table-busy]")
    assert all_rows(past) == [1, 1, 1]


def test_the_service_itself_may_not_drop_a_month(past: Past) -> None:
    past.month(months_ago(3))
    month = months_ago(3).partition_of(History.AUDIT.table)

    with pytest.raises(Exception, match="must be owner"):
        past.say("SET LOCAL ROLE impersonator_service", f"DROP TABLE {month}")
