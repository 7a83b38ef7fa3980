"""Running one command, and the one place where its errors are told."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from impersonator_api.cli import serving
from impersonator_api.cli.errors import told
from impersonator_api.cli.frame import framed
from impersonator_api.cli.leaving import leave_on_signals
from impersonator_api.cli.output import complain


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command; its errors are one line on stderr. Exits 0, 1 (failed or refused) or 2 (wrong usage)."""
    given = sys.argv[1:] if arguments is None else arguments
    leave_on_signals()
    try:
        _program_for(given)(args=given)
    except Exception as error:
        words = told(error)
        if words is None:
            raise
        complain(*words)
        sys.exit(1)
    sys.exit(0)


def _program_for(arguments: Sequence[str]) -> typer.Typer:
    if arguments[:1] == ["serve"]:
        return framed((serving,))
    # What the other commands need, a server would hold for as long as it lives.
    from impersonator_api.cli.program import app  # noqa: PLC0415

    return app
