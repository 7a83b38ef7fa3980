"""What lies where, and what may go: looked at before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from impersonator_api.history import store
from impersonator_api.history.errors import MonthTooYoungError, MonthUnknownError
from impersonator_api.history.kinds import TABLES, History
from impersonator_api.history.month import Month
from impersonator_api.settings import Settings
from impersonator_api.work import Work


@dataclass(frozen=True, slots=True)
class Held:
    """A month of some history. `rows` is PostgreSQL's guess; `goes_at` is when it may go, `None` for never."""

    history: History
    month: Month
    rows: int | None
    bytes: int
    goes_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Whether it has been kept for long enough."""
        return self.goes_at is not None and self.goes_at <= now


async def list_months(work: Work) -> tuple[Held, ...]:
    """Every month that there is, in the order in which they go."""
    found = [_held(row, work.settings) for row in await work.read(store.PARTITIONS) if not _is_default(row)]
    order = list(History)
    return tuple(sorted(found, key=lambda held: (order.index(held.history), held.month)))


async def load_due(work: Work, history: History, month: Month) -> Held:
    """A month that may go; raises `MonthUnknownError` and `MonthTooYoungError`."""
    held = await load_month(work, history, month)
    if held.goes_at is None:
        raise MonthTooYoungError(f"The settings keep {history} for ever; see those that end in KEPT_MONTHS.")
    if not held.is_due(work.now):
        raise MonthTooYoungError(f"{month} of {history} is kept until {held.goes_at:%Y-%m-%d}.")
    return held


async def load_month(work: Work, history: History, month: Month) -> Held:
    """A month, whatever its age; raises `MonthUnknownError`."""
    for held in await list_months(work):
        if (held.history, held.month) == (history, month):
            return held
    raise MonthUnknownError(f"There is no {month} of {history}; see `impersonator retention plan`.")


def _held(row: Mapping[str, Any], settings: Settings) -> Held:
    history = next(kind for kind, table in TABLES.items() if table == row["parent"])
    month, kept = Month.of_partition(row["name"]), history.kept_months(settings)
    goes_at = None if kept is None else month.later(1 + kept).first_at
    return Held(history, month, row["rows"], row["bytes"], goes_at)


def _is_default(row: Mapping[str, Any]) -> bool:
    return str(row["name"]).endswith("_default")
