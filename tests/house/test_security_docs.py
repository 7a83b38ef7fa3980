"""Each answer to a threat in docs/security.md is proved by tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\|([^|]+)\|([^|]+)\|([^|]+)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")

pytestmark = pytest.mark.docs


def _rows() -> list[tuple[str, str]]:
    """Threat and proof of each row, without the tables' heads."""
    rows = ROW.findall((ROOT / "docs/security.md").read_text())
    return [(threat.strip(), proof) for threat, _, proof in rows if threat.strip() != "threat" and "---" not in threat]


ROWS = _rows()


def _tests_in(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text())) if path.exists() else ()
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_table_has_rows() -> None:
    assert len(ROWS) > 20


@pytest.mark.parametrize(("threat", "proof"), ROWS, ids=[threat for threat, _ in ROWS])
def test_each_threat_names_a_test_that_exists(threat: str, proof: str) -> None:
    named = TEST.findall(proof)

    assert named, threat
    assert [(path, name) for path, name in named if name not in _tests_in(ROOT / path)] == []
