"""`impersonator serve` refuses to start in one line, not with a worker's traceback."""

import base64

import pytest

from cli.conftest import Command
from impersonator_api.cli.opening import at_desk
from impersonator_api.tokens import ensure_keys


@pytest.mark.parametrize("master_key", ["c2hvcnQ=", base64.b64encode(b"x" * 32).decode()])
def test_a_wrong_master_key_is_told_before_anything_is_served(
    run: Command, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int, master_key: str
) -> None:
    at_desk(lambda desk: desk.run_in_transaction(ensure_keys))
    monkeypatch.setenv("IMPERSONATOR_MASTER_KEY", master_key)

    outcome = run("serve", "--port", unused_tcp_port)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error[master-key-wrong]: ")
    assert master_key not in outcome.err
