"""`impersonator policy`: whether a document can be understood, and why somebody may or may not act as somebody."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from impersonator_api import policy
from impersonator_api.cli import explaining
from impersonator_api.cli.errors import NotAPolicyError, PolicyInvalidError
from impersonator_api.cli.files import read_file
from impersonator_api.cli.output import AsJson, examples, say, say_json
from impersonator_api.policy import InvalidPolicyError, PolicyDocument
from impersonator_api.realm.places import Place
from impersonator_api.realm.yaml_lines import Written, read_documents

PATH_PART = re.compile(r"\[(\d+)\]|([^.\[]+)")

File = Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON; - for stdin.")]

app = typer.Typer(no_args_is_help=True, help="What the rules say, before anybody meets them.")
explaining.register(app)


@app.command(epilog=examples("impersonator policy check policy.yaml"))
def check(file: File, *, as_json: AsJson = False) -> None:
    """Say whether a policy document can be understood; every fault comes with its line. Changes nothing.

    A whole realm file is checked by `impersonator apply FILE --dry-run`.
    """
    document = _parsed(_only_document(file), str(file))
    if as_json:
        say_json({"valid": True, "document": policy.as_mapping(document)})
        return
    say(f"{file}: {len(document.rules)} rules, in the order in which they are asked:")
    for rule in document.rules:
        say(f"  {rule.name}")


def _only_document(file: Path) -> Written:
    documents = read_documents(read_file(file), str(file))
    if len(documents) != 1:
        raise NotAPolicyError(f"{file} holds {len(documents)} documents; a policy is one.")
    (document,) = documents
    if isinstance(document.value, dict) and "tenant" in document.value:
        raise NotAPolicyError(f"{file} is a realm file; check it with `impersonator apply {file} --dry-run`.")
    return document


def _parsed(document: Written, file: str) -> PolicyDocument:
    try:
        return policy.parse_document(document.value)
    except InvalidPolicyError as error:
        faults: Any = error.members["errors"]
        raise PolicyInvalidError("\n".join(_with_lines(faults, Place(file, document.spot)))) from error


def _with_lines(faults: Iterable[dict[str, str]], place: Place) -> list[str]:
    return [str(place.fault(_path(fault["path"]), fault["message"])) for fault in faults]


def _path(written: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else word for index, word in PATH_PART.findall(written))
