"""Whatever goes wrong is one line on stderr with a stable code, and an exit code that says which kind it is."""

import pytest

from cli.conftest import Command
from impersonator_api import __version__


def test_the_version_is_one_word(run: Command) -> None:
    assert run("--version").out == f"{__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["keys", "rotate", "--help"], ["apply", "--help"]])
def test_help_ends_with_examples(run: Command, arguments: list[str]) -> None:
    outcome = run(*arguments)

    assert outcome.code == 0
    assert "impersonator " in outcome.out.split("Examples:")[1]


@pytest.mark.parametrize("arguments", [["nonsense"], ["token"], ["serve", "--port", "0"], ["keys", "list", "--yes"]])
def test_wrong_usage_exits_2(run: Command, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


def test_an_unknown_setting_is_refused(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_MASTERKEY", "geheim")

    outcome = run("keys", "list")

    assert outcome.code == 1
    assert outcome.err.startswith("error[setting-unknown]: Unknown settings: IMPERSONATOR_MASTERKEY.")
    assert "geheim" not in outcome.err


def test_a_wrong_setting_is_named_and_its_value_is_not_shown(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_POOL_SIZE", "geheim")

    outcome = run("keys", "list")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error[settings-invalid]: IMPERSONATOR_POOL_SIZE: ")
    assert "geheim" not in outcome.err


def test_a_database_that_is_away_says_why_without_a_traceback(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", "postgresql://me:geheim@127.0.0.1:1/impersonator")

    outcome = run("sessions", "list")

    assert outcome.code == 1
    assert outcome.err.startswith("error[database-unavailable]: ")
    assert outcome.err.count("\n") == 1
    assert "geheim" not in outcome.err
