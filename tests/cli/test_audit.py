"""`impersonator audit export` writes every entry, once, in order, and in constant memory."""

import json
import stat
import tracemalloc
from pathlib import Path

import pytest

from cli.conftest import Command, on_server

MANY = """
INSERT INTO audit_entries (id, tenant_id, occurred_at, action, request_id, detail)
SELECT gen_random_uuid(), gen_random_uuid(), now(), 'session.refused', 'bulk',
       jsonb_build_object('filler', repeat('x', 500))
  FROM generate_series(1, {})
"""


@pytest.fixture
async def many_entries(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    await on_server(fresh_database_url, MANY.format(10_000))
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", fresh_database_url)
    return 10_000


def test_each_entry_is_one_line_of_json(run: Command, acme: str) -> None:
    lines = [json.loads(line) for line in run("audit", "export", "--tenant", acme).out.splitlines()]

    assert [line["action"] for line in lines] == ["realm.applied"]
    assert lines[0]["detail"]["by"].startswith("cli:")


def test_a_file_is_whole_and_for_nobody_else_to_read(run: Command, acme: str, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"

    outcome = run("audit", "export", "--tenant", acme, "--output", file)

    assert outcome.err == f"Wrote 1 entries to {file}.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().splitlines()) == 1


def test_an_export_that_fails_leaves_the_file_as_it_was(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text("yesterday's\n")

    outcome = run("audit", "export", "--tenant", "nobody", "--output", file)

    assert outcome.code == 1
    assert [path.name for path in tmp_path.glob("audit*")] == ["audit.jsonl"]
    assert file.read_text() == "yesterday's\n"


def test_a_folder_that_is_not_there_is_said_clearly(run: Command, tmp_path: Path) -> None:
    outcome = run("audit", "export", "--output", tmp_path / "nowhere" / "audit.jsonl")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[file-unusable]")


def test_a_long_history_needs_no_more_memory_than_a_page(run: Command, many_entries: int, tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        run("audit", "export", "--output", tmp_path / "audit.jsonl")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    written = (tmp_path / "audit.jsonl").stat().st_size
    assert written > many_entries * 500
    assert peak < written / 2
