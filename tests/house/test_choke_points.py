"""What must pass one place passes it: nobody goes round the judge, the desk's clock or the unit of work."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/impersonator_api"
MODULES = sorted(SOURCE.rglob("*.py"))

ALLOWED = {
    # A start, and every later use of a session, is decided there.
    "policy.decide": {"sessions/consider.py"},
    # The entrances hand their clock on; everything else reads `work.now`. A line in the log belongs to no story.
    "datetime.now": {"work.py", "logs.py"},
    "time.time": set[str](),
    # A secret, a verifier's challenge, a proof's hash: each is compared in a time that tells nothing about it.
    "hmac.compare_digest": {"oauth/clients.py", "tokens/handover.py", "tokens/dpop.py", "web/metrics.py"},
    "datetime.utcnow": set[str](),
    "datetime.today": set[str](),
}
"""Dotted names, and the modules that may use them."""


def _dotted_names(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module.rpartition('.')[2]}.{name.name}" for name in node.names)


@pytest.mark.parametrize("name", ALLOWED)
def test_only_one_place_uses(name: str) -> None:
    domain = SOURCE / name.partition(".")[0]
    outside = [module for module in MODULES if domain not in module.parents]

    users = {str(module.relative_to(SOURCE)) for module in outside if name in _dotted_names(module)}

    assert users == ALLOWED[name]
