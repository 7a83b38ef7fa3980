"""The command line reference names every command, every option and every code, and none that does not exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from impersonator_api.cli.errors import CommandError
from impersonator_api.cli.program import app
from impersonator_api.history import HistoryError

REFERENCE = (Path(__file__).parents[2] / "docs/reference/cli.md").read_text()
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
OF_OTHERS = {"embedded-unavailable", "setting-unknown"}

pytestmark = pytest.mark.docs


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    for word, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, f"{name} {word}")
    if not hasattr(command, "commands"):
        yield name, command


COMMANDS = dict(_commands(typer.main.get_command(app), "impersonator"))


def _options(command: Any) -> list[str]:
    return sorted(name for parameter in command.params for name in parameter.opts if name.startswith("--"))


def test_each_command_has_a_section_and_each_section_a_command() -> None:
    assert sorted(SECTIONS.keys() - {"Error codes"}) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_option_has_a_row_and_each_row_an_option(name: str) -> None:
    assert sorted(ROW.findall(SECTIONS[name])) == _options(COMMANDS[name])


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_and_option_explains_itself(name: str) -> None:
    command = COMMANDS[name]

    assert command.help
    assert [parameter.name for parameter in command.params if not parameter.help] == []


def test_each_code_is_documented_in_order() -> None:
    of_commands = {kind.code for kind in CommandError.__subclasses__()}
    codes = of_commands | {kind.code for kind in HistoryError.__subclasses__()} | OF_OTHERS

    assert ROW.findall(SECTIONS["Error codes"]) == sorted(codes)
