"""What is around every command: the program's name, its own options, and its help."""

from collections.abc import Iterable
from typing import Annotated, Protocol

import typer

from impersonator_api import __version__
from impersonator_api.cli.output import examples


class Commands(Protocol):
    """A module that adds its commands."""

    def register(self, app: typer.Typer) -> None: ...


def framed(groups: Iterable[Commands]) -> typer.Typer:
    """The program with these commands."""
    app = typer.Typer(
        name="impersonator",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        epilog=examples(
            "impersonator demo",
            "impersonator migrate && impersonator serve --host 0.0.0.0",
            "impersonator apply realm.yaml --dry-run",
            "impersonator doctor",
        ),
    )
    app.callback()(impersonator)
    for group in groups:
        group.register(app)
    return app


def _version(*, asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


def impersonator(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda asked: _version(asked=asked), is_eager=True, help="Say which version this is."
        ),
    ] = False,
) -> None:
    """Let support staff, services and agents act as a user: with a right, a reason, a limit, an end and a record.

    Settings are environment variables (IMPERSONATOR_…); without IMPERSONATOR_DATABASE_URL every command uses an
    embedded PostgreSQL in .impersonator. Exit codes: 0 done, 1 failed or refused, 2 wrong usage.
    """
