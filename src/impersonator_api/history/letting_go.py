"""Letting a month go: looked at, archived where it is the audit's, remembered, and dropped, in one transaction.

What is true of a month that is over stays true: its sessions end and never begin again, its tokens expire, and no id of
it is ever made again. So it is looked at before anybody is shut out, and dropping it takes a moment.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from asyncpg import DeadlockDetectedError, LockNotAvailableError
from sqlalchemy import TextClause

from impersonator_api import audit
from impersonator_api.audit import Action, Entry
from impersonator_api.history import archive, store
from impersonator_api.history.archive import Archived
from impersonator_api.history.errors import (
    ArchiveMissingError,
    LettingGoError,
    MonthAliveError,
    MonthTooYoungError,
    TableBusyError,
)
from impersonator_api.history.kinds import History
from impersonator_api.history.month import Month
from impersonator_api.history.plan import Held, load_due, load_month
from impersonator_api.work import Work

WAIT = timedelta(milliseconds=200)
"""For a lock that shuts everybody out; requests queue up behind whoever waits for it."""

PAUSE = timedelta(seconds=1)
TRIES = 120


@dataclass(frozen=True, slots=True)
class Gone:
    """A month that went, and where it lies now, if it was the audit's."""

    history: History
    month: Month
    rows: int
    bytes: int
    archived: Archived | None


async def let_go(work: Work, history: History, month: Month, *, folder: Path | None, by: str) -> Gone:
    """Drop a month that has been kept for long enough; needs a transaction of the tables' owner.

    Each tenant whose rows go finds an entry about it in its audit. Raises a `HistoryError` and changes nothing where
    the month is too young, where something in it still counts, where the audit has no archive, or where the table
    cannot be had.
    """
    await _alone(work)
    held = await load_due(work, history, month)
    archived = await _archived(work, month, folder) if history is History.AUDIT else None
    found = await _owners(work, history, month)
    work.write(audit.recorded_all(work, [_entry(tenant, rows, held, archived, by=by) for tenant, rows in found]))
    await work.send()
    await _patiently(work, store.dropped(history, month))
    return Gone(history, month, sum(rows for _, rows in found), held.bytes, archived)


async def archive_month(work: Work, month: Month, *, folder: Path) -> Archived:
    """Write a month of the audit that is over to the archive, and leave it where it is."""
    if month.later(1).first_at > work.now:
        raise MonthTooYoungError(f"{month} is not over.")
    await load_month(work, History.AUDIT, month)
    return await _archived(work, month, folder)


async def _alone(work: Work) -> None:
    if not (await work.read(store.alone())).scalar_one():
        raise LettingGoError("Another command lets months go at this moment; wait for it.")


async def _archived(work: Work, month: Month, folder: Path | None) -> Archived:
    if folder is None:
        raise ArchiveMissingError(
            "A month of the audit goes only after it was written elsewhere: name a folder with --archive."
        )
    await _patiently(work, store.frozen(month))
    return await archive.written(work, month, folder)


async def _owners(work: Work, history: History, month: Month) -> Sequence[tuple[UUID, int]]:
    """Whose rows go, and how many; raises `MonthAliveError` where one of them still counts."""
    found = await work.read(store.owners(history, month, work.now))
    alive = sum(row["alive"] for row in found)
    if alive:
        raise MonthAliveError(
            f"{alive} {history} of {month} still count. Sessions that are over are written down by the worker: "
            "let `impersonator serve` or `impersonator work` run."
        )
    return [(row["tenant_id"], row["rows"]) for row in found]


def _entry(tenant_id: UUID, rows: int, held: Held, archived: Archived | None, *, by: str) -> Entry:
    detail = {"history": held.history, "month": str(held.month), "rows": rows, "by": by}
    digest = {} if archived is None else {"sha256": archived.sha256}
    return Entry(action=Action.HISTORY_DROPPED, tenant_id=tenant_id, detail=detail | digest)


async def _patiently(work: Work, statement: TextClause) -> None:
    """Send what needs a lock, waiting a moment only, again and again; raises `TableBusyError`."""
    for _ in range(TRIES):
        try:
            async with work.db.transaction():
                await work.db.ask(store.waiting(WAIT))
                await work.db.ask(statement)
        except (LockNotAvailableError, DeadlockDetectedError):
            await asyncio.sleep(PAUSE.total_seconds())
        else:
            return
    raise TableBusyError("Long statements or transactions are in the way (see pg_stat_activity); try again after them.")
