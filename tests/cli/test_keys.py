"""`impersonator keys` shows and changes what signs, and never shows what must stay secret."""

import base64
from datetime import datetime, timedelta
from typing import Any

import pytest

from cli.conftest import MASTER_KEY, Command
from impersonator_api.cli.opening import at_desk
from impersonator_api.tokens import ensure_keys


@pytest.fixture
def keys(run: Command) -> list[dict[str, str]]:
    at_desk(lambda desk: desk.run_in_transaction(ensure_keys))
    found: list[dict[str, str]] = run("keys", "list", "--json").json
    return found


def _in_state(run: Command, alg: str, state: str) -> str:
    found = run("keys", "list", "--json").json
    return next(str(key["kid"]) for key in found if (key["alg"], key["state"]) == (alg, state))


def test_each_algorithm_has_a_current_and_a_published_next_key(keys: list[dict[str, str]]) -> None:
    states = {(key["alg"], key["state"]) for key in keys}

    assert states >= {(alg, state) for alg in ("ES256", "RS256") for state in ("current", "next")}


def test_private_keys_are_never_shown(run: Command, keys: list[dict[str, str]]) -> None:
    shown = run("keys", "list").out

    assert all(key["kid"] in shown for key in keys)
    assert "sealed" not in keys[0]
    assert "d" not in keys[0]["public_jwk"]


def test_each_key_tells_its_age_and_when_it_is_due(run: Command, keys: list[dict[str, Any]]) -> None:
    shown = run("keys", "list").out

    assert {"age", "due"} <= set(shown.splitlines()[0].split())
    for key in keys:
        age = datetime.fromisoformat(key["due_at"]) - datetime.fromisoformat(key["created_at"])
        assert (key["age_seconds"] < 3600, age) == (True, timedelta(days=90))


def test_a_young_next_key_is_not_used_yet(run: Command, keys: list[dict[str, str]]) -> None:
    outcome = run("keys", "rotate")

    assert outcome.code == 1
    assert outcome.err.startswith("error[key-not-published-long-enough]: ")
    assert _states(run("keys", "list", "--json").json) == _states(keys)


@pytest.mark.usefixtures("keys")
def test_a_compromised_key_is_replaced_at_once(run: Command) -> None:
    stolen, waiting = _in_state(run, "ES256", "current"), _in_state(run, "ES256", "next")

    outcome = run("keys", "rotate", "--compromised", stolen, "--json")

    states = {key["kid"]: key["state"] for key in outcome.json}
    assert (states[stolen], states[waiting]) == ("compromised", "current")


@pytest.mark.usefixtures("keys")
def test_an_unknown_key_cannot_be_compromised(run: Command) -> None:
    outcome = run("keys", "rotate", "--compromised", "made-up")

    assert (outcome.code, outcome.err.split(":")[0]) == (1, "error[key-unknown]")


def test_one_algorithm_and_one_key_cannot_both_be_meant(run: Command) -> None:
    assert run("keys", "rotate", "--alg", "ES256", "--compromised", "x").code == 2


def test_rewrapping_makes_the_first_master_key_open_everything(
    run: Command, keys: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = base64.b64encode(b"n" * 32).decode()
    monkeypatch.setenv("IMPERSONATOR_MASTER_KEY", f"{new},{MASTER_KEY}")

    rewrapped = run("keys", "rewrap", "--json").json["rewrapped"]

    assert rewrapped >= len(keys)
    assert run("keys", "rewrap", "--json").json["rewrapped"] == 0
    monkeypatch.setenv("IMPERSONATOR_MASTER_KEY", f"{MASTER_KEY},{new}")
    assert "anew" in run("keys", "rewrap").out


def _states(keys: list[dict[str, str]]) -> dict[str, str]:
    return {key["kid"]: key["state"] for key in keys}
