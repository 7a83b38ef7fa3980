"""How several queued writes become one SQL statement that succeeds or fails as a whole.

Laws, each proved by a test on PostgreSQL:
a condition that matches no row does not stop its siblings, so every write states the rows it expects
and the statement ends in a function that raises where a count differs; common table expressions have
no order, so a write that needs another one first selects from its RETURNING; of two writes to one row
the second is dropped in silence, so a second write to the same row is refused here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Select, Table, func, select

LOST_RACE = "IMP01"
"""The SQLSTATE with which `impersonator_expect` tells that a write met another number of rows."""


@dataclass(frozen=True, slots=True)
class Write:
    """One data-modifying (or locking) common table expression, anonymous so that statements stay alike.

    `name` is what a lost race is called by. `rows` is how many rows it must meet, `None` where any number
    will do. `touched` names the rows it changes; fresh inserts need none.
    """

    name: str
    cte: CTE
    rows: int | None = 1
    touched: tuple[tuple[Table, object], ...] = ()


class SecondWriteToOneRowError(Exception):
    """A story queued two writes to one row; PostgreSQL would drop the second without a word."""


def as_one_statement(writes: Sequence[Write]) -> Select[*tuple[Any, ...]]:
    """All writes in one statement, in their order, each holding the number of rows it met to what it expects."""
    refuse_second_writes(writes)
    return select(*[_met(write) for write in writes])


def refuse_second_writes(writes: Sequence[Write]) -> None:
    """Raise `SecondWriteToOneRowError` where two writes name the same row."""
    seen: set[tuple[Table, object]] = set()
    for write in writes:
        for table, key in write.touched:
            if (table, key) in seen:
                raise SecondWriteToOneRowError(f"{write.name} is a second write to {table.name} {key}")
            seen.add((table, key))


def _met(write: Write) -> ColumnElement[int]:
    count = select(func.count()).select_from(write.cte).scalar_subquery()
    if write.rows is None:
        return count
    return func.impersonator_expect(write.name, write.rows, count, type_=BigInteger)
