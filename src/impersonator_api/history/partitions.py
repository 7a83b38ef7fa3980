"""Making the months to come, and seeing that nothing falls beside them."""

from dataclasses import dataclass

import structlog

from impersonator_api.history import store
from impersonator_api.history.kinds import History
from impersonator_api.history.month import Month
from impersonator_api.work import Work

log = structlog.get_logger()

MONTHS_AHEAD = 3
"""Made in advance. Few, because a statement that cannot name its month looks at every one."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far a kind of history is prepared: its last month without a gap, and whether rows fell beside the months."""

    history: History
    until: Month | None
    has_strays: bool


async def make_months(work: Work) -> int:
    """Make the coming months' partitions, so that no row ever falls into the default one; answers how many."""
    made: int = (await work.read(store.made_months(work.now, MONTHS_AHEAD))).scalar_one()
    strays = [table for table, has_some in (await work.read(store.astray())).one().items() if has_some]
    if strays:
        log.warning("rows beside the months", tables=strays)
    return made


async def list_ahead(work: Work) -> tuple[Ahead, ...]:
    """How far each kind of history is prepared, from the present month on."""
    names = {row["name"] for row in await work.read(store.PARTITIONS)}
    strays = (await work.read(store.astray())).one()
    return tuple(Ahead(kind, _until(kind, names, Month.of(work.now)), strays[kind.table]) for kind in History)


def _until(kind: History, names: set[str], present: Month) -> Month | None:
    until: Month | None = None
    month = present
    while month.partition_of(kind.table) in names:
        until, month = month, month.later(1)
    return until
