"""`impersonator retention`: how long the past is kept, and what of it goes."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from impersonator_api import history
from impersonator_api.cli.opening import operator, settings_now
from impersonator_api.cli.output import AsJson, examples, say, say_json
from impersonator_api.cli.owning import at_owners_desk
from impersonator_api.cli.tables import say_table
from impersonator_api.history import ArchiveMissingError, Gone, Held, History, Month
from impersonator_api.work import Desk

log = structlog.get_logger()

COLUMNS = ("history", "month", "rows, about", "MB", "kept until", "verdict")

app = typer.Typer(
    no_args_is_help=True, help="How long sessions, refresh tokens and the audit are kept; nothing goes by itself."
)

Archive = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", exists=True, file_okay=False, help="Where months of the audit are written first."),
]
Only = Annotated[History | None, typer.Option(help="Only this kind of history.")]
OnlyMonth = Annotated[
    Month | None,
    typer.Option(
        "--month",
        metavar="YYYY-MM",
        parser=Month.read,
        help="Only this month; refused where it is too young.",
    ),
]


@app.command(
    epilog=examples("impersonator retention plan", "impersonator retention plan --json | jq '.[] | select(.is_due)'")
)
def plan(*, as_json: AsJson = False) -> None:
    """Say which months there are, how large they are, and which of them `apply` would drop. Changes nothing.

    Rows are what PostgreSQL knows without counting. What is kept for how long is in the settings that end in
    KEPT_MONTHS; without them, everything is kept for ever.
    """
    months, now = at_owners_desk(_looked, settings=settings_now())
    if as_json:
        say_json([_said(held, now) for held in months])
    else:
        say_table(COLUMNS, [_cells(held, now) for held in months], empty="There are no months.")


@app.command(epilog=examples("impersonator retention export 2026-01 --archive /srv/archive"))
def export(
    month: Annotated[Month, typer.Argument(metavar="YYYY-MM", parser=Month.read, help="A month that is over.")],
    *,
    archive: Annotated[
        Path, typer.Option(metavar="FOLDER", exists=True, file_okay=False, help="Where the file and its digest go.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write a month of the audit to the archive, one line of JSON for each entry, with its SHA-256, and drop nothing.

    A file that is there already must hold the same.
    """

    async def archived(desk: Desk) -> history.Archived:
        return await desk.run_in_transaction(history.archive_month, month, folder=archive)

    lies = at_owners_desk(archived, settings=settings_now())
    if as_json:
        say_json(lies)
    else:
        say(f"{lies.rows} entries in {lies.file}, SHA-256 {lies.sha256}.")


@app.command(epilog=examples("impersonator retention plan && impersonator retention apply --archive /srv/archive"))
def apply(*, archive: Archive = None, only: Only = None, month: OnlyMonth = None, as_json: AsJson = False) -> None:
    """Drop the months that have been kept for long enough, the oldest first, while the service runs.

    A month of the audit goes only after it was written to the archive. A month in which a session is not ended or a
    refresh token has not expired stays. Each tenant finds an entry about what went in its audit. Needs the login that
    owns the tables.
    """
    settings = settings_now()

    async def applied(desk: Desk) -> list[Gone]:
        due = await _due(desk, only, month)
        if archive is None and any(kind is History.AUDIT for kind, _ in due):
            raise ArchiveMissingError(
                "A month of the audit is due, and goes only to an archive: name a folder with --archive."
            )
        return [await _gone(desk, kind, each, archive, quiet=as_json) for kind, each in due]

    went = at_owners_desk(applied, settings=settings)
    if as_json:
        say_json([_told(gone) for gone in went])
    elif not went:
        say("No month is due.")


async def _looked(desk: Desk) -> tuple[Sequence[Held], datetime]:
    return await desk.run(history.list_months), desk.clock()


async def _due(desk: Desk, only: History | None, month: Month | None) -> list[tuple[History, Month]]:
    """What is to go: whatever is due, or the month that was named, whose age is looked at when it goes."""
    kinds = [only] if only else list(History)
    found = [held for held in await desk.run(history.list_months) if held.history in kinds]
    if month is not None:
        return [(held.history, month) for held in found if held.month == month] or [(kinds[0], month)]
    return [(held.history, held.month) for held in found if held.is_due(desk.clock())]


async def _gone(desk: Desk, kind: History, month: Month, archive: Path | None, *, quiet: bool) -> Gone:
    gone = await desk.run_in_transaction(history.let_go, kind, month, folder=archive, by=operator())
    log.info("month let go", **_told(gone))
    if not quiet:
        lies = f", kept in {gone.archived.file}" if gone.archived else ""
        say(f"{kind} of {month}: {gone.rows} rows, {_megabytes(gone.bytes)} MB{lies}.")
    return gone


def _said(held: Held, now: datetime) -> dict[str, Any]:
    return {
        "history": held.history,
        "month": str(held.month),
        "rows": held.rows,
        "bytes": held.bytes,
        "goes_at": held.goes_at,
        "is_due": held.is_due(now),
    }


def _cells(held: Held, now: datetime) -> tuple[object, ...]:
    kept_until = "for ever" if held.goes_at is None else f"{held.goes_at:%Y-%m-%d}"
    verdict = "due" if held.is_due(now) else "kept"
    return held.history, held.month, held.rows, _megabytes(held.bytes), kept_until, verdict


def _told(gone: Gone) -> dict[str, Any]:
    archived = gone.archived
    lies = {} if archived is None else {"file": str(archived.file), "sha256": archived.sha256}
    return {"history": gone.history, "month": str(gone.month), "rows": gone.rows, "bytes": gone.bytes, **lies}


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}"
