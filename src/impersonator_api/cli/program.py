"""All commands under one name, and the one place where their errors are told."""

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from impersonator_api import __version__
from impersonator_api.cli import (
    audit,
    demo,
    doctor,
    keys,
    policy,
    realm,
    retention,
    schema,
    serving,
    sessions,
    token,
    working,
)
from impersonator_api.cli.errors import told
from impersonator_api.cli.leaving import leave_on_signals
from impersonator_api.cli.output import complain, examples

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
for group in (serving, demo, schema, realm, token, working, doctor):
    group.register(app)
for name, commands in (
    ("keys", keys),
    ("sessions", sessions),
    ("audit", audit),
    ("retention", retention),
    ("policy", policy),
):
    app.add_typer(commands.app, name=name)


def _version(*, asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


@app.callback()
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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command; its errors are one line on stderr. Exits 0, 1 (failed or refused) or 2 (wrong usage)."""
    leave_on_signals()
    try:
        app(args=arguments)
    except Exception as error:
        words = told(error)
        if words is None:
            raise
        complain(*words)
        sys.exit(1)
    sys.exit(0)
