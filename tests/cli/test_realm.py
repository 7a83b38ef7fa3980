"""`impersonator apply` and `export` say what changed, tell secrets once, and come round to the same."""

import io
import re
import sys
from pathlib import Path

import pytest

from cli.conftest import Command, realm_of


def _file(folder: Path, text: str) -> Path:
    path = folder / "realm.yaml"
    path.write_text(text)
    return path


def test_apply_says_what_it_created_and_the_generated_secret(run: Command, slug: str, tmp_path: Path) -> None:
    said = run("apply", _file(tmp_path, realm_of(slug))).out

    assert f"{slug}: 7 created, 0 changed, 0 unchanged." in said
    assert f"  + clients backoffice-{slug}" in said
    assert re.search(rf"  backoffice-{slug}  [\w-]{{43}}\n", said)


def test_the_same_file_again_changes_nothing_and_tells_no_secret(run: Command, acme: str, tmp_path: Path) -> None:
    said = run("apply", _file(tmp_path, realm_of(acme))).out

    assert said == f"{acme}: nothing to change, 7 things are as the file says.\n"


def test_a_dry_run_changes_nothing_and_makes_no_secret(run: Command, slug: str, tmp_path: Path) -> None:
    said = run("apply", _file(tmp_path, realm_of(slug)), "--dry-run").out

    assert said.startswith("Dry run: nothing was changed.\n")
    assert "Generated secrets" not in said
    assert run("export", "--tenant", slug).code == 1


def test_a_change_shows_before_and_after(run: Command, acme: str, tmp_path: Path) -> None:
    changed = realm_of(acme).replace("display_name: Carla", "display_name: Carlotta")

    said = run("apply", _file(tmp_path, changed)).out

    assert f"{acme}: 0 created, 1 changed, 6 unchanged." in said
    assert "display_name: Carla → Carlotta" in said


def test_a_changed_mapping_shows_in_the_files_words(run: Command, acme: str, tmp_path: Path) -> None:
    said = run("apply", _file(tmp_path, f"tenant: {acme}\nsettings: {{kill_switch: true}}\n")).out

    assert 'settings: {} → {"kill_switch": true}' in said


def test_prune_suspends_who_is_left_out(run: Command, acme: str, tmp_path: Path) -> None:
    without = "\n".join(line for line in realm_of(acme).splitlines() if "carla" not in line)

    report = run("apply", _file(tmp_path, without), "--prune", "--json").json

    (tenant,) = report["tenants"]
    assert [change["name"] for change in tenant["changed"]] == [f"carla@{acme}.test"]


def test_a_wrong_file_names_line_and_field_and_changes_nothing(run: Command, slug: str, tmp_path: Path) -> None:
    file = _file(tmp_path, realm_of(slug).replace("rank: 100", "rank: high"))

    outcome = run("apply", file)

    assert outcome.code == 1
    assert outcome.err.startswith(f"error[invalid-realm]: {file}:4: roles[0].rank: ")
    assert run("export", "--tenant", slug).code == 1


def test_a_file_may_come_from_a_pipe(run: Command, slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(realm_of(slug).encode())))

    assert run("apply", "-").code == 0


def test_a_file_that_is_not_there_is_said_clearly(run: Command, tmp_path: Path) -> None:
    outcome = run("apply", tmp_path / "nowhere.yaml")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[file-unusable]")


def test_an_export_applied_again_changes_nothing(run: Command, acme: str, tmp_path: Path) -> None:
    run("export", "--tenant", acme, "--output", tmp_path / "realm.yaml")

    assert run("apply", tmp_path / "realm.yaml", "--json").json["changed"] is False


def test_an_export_holds_no_secret(run: Command, acme: str) -> None:
    assert "secret" not in run("export", "--tenant", acme).out
