"""What documents show would work: commands and options exist, realm files are read, Python is Python."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from impersonator_api import realm
from impersonator_api.cli.program import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = [path for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]) if path.name != "cli.md"]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?:^\$ |\$\(|&& )(?:\.venv/bin/)?impersonator ([^\n|)#&]*)", re.MULTILINE)

pytestmark = pytest.mark.docs


def _shown(language: str) -> Iterator[str]:
    for document in DOCUMENTS:
        yield from (text for found, text in FENCE.findall(document.read_text()) if found == language)


def _calls() -> list[str]:
    texts = (text.replace("\\\n", " ") for text in _shown("console"))
    return sorted({" ".join(call.split()) for text in texts for call in CALL.findall(text)})


def _command(words: list[str]) -> Any:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    return command


CALLS = _calls()
REALMS = [text for text in _shown("yaml") if text.startswith("tenant:")]
PYTHON = list(_shown("python"))


def test_documents_show_something() -> None:
    assert len(CALLS) >= 20
    assert REALMS
    assert PYTHON


@pytest.mark.parametrize("call", CALLS)
def test_a_command_that_is_shown_exists_with_its_options(call: str) -> None:
    words = call.split()

    options = {name for parameter in _command(words).params for name in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("text", REALMS)
def test_a_realm_file_that_is_shown_can_be_read(text: str) -> None:
    assert realm.read_realm(text.encode())


@pytest.mark.parametrize("text", PYTHON)
def test_python_that_is_shown_is_python(text: str) -> None:
    assert ast.parse(text).body
