"""How several queued writes become one SQL statement that succeeds or fails as a whole.

Laws, each proved by a test on PostgreSQL:
a condition that matches no row does not stop its siblings, so every write states the rows it expects
and the statement ends in a function that raises where a count differs; common table expressions have
no order, so a write that needs another one first selects from its RETURNING; of two writes to one row
the second is dropped in silence, so a second write to the same row is refused here.

Like a question, a statement is built once for each combination of writes (ADR 0020).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Select, Table, bindparam, case, func, select

from impersonator_api.questions import Column, Part

LOST_RACE = "IMP01"
"""The SQLSTATE with which `impersonator_expect` tells that a write met another number of rows."""

_BUILT: dict[tuple[object, ...], Select[Any]] = {}


@dataclass(frozen=True, slots=True)
class Write:
    """One data-modifying (or locking) common table expression: what builds it, and with which values.

    `build` gets the expression of `after`, where that is given, then `shape`, then a bind parameter for each of
    `values`, at which it must not look; it is a function of a module, so that equal writes are built once. `name` is
    what a lost race is called by. `rows` is how many rows it must meet, `None` where any number will do. `touched`
    names the rows it changes; fresh inserts need none. `told` is called with the rows it met, once they are committed.
    """

    name: str
    build: Callable[..., CTE]
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    shape: tuple[object, ...] = ()
    after: "Write | None" = None
    rows: int | None = 1
    touched: tuple[tuple[Table, object], ...] = ()
    told: Callable[[int], None] | None = field(default=None, compare=False, repr=False)


class SecondWriteToOneRowError(Exception):
    """A story queued two writes to one row; PostgreSQL would drop the second without a word."""


def as_one_statement(writes: Sequence[Write]) -> Part[Select[Any]]:
    """All writes in one statement, in their order, each holding the number of rows it met to what it expects."""
    refuse_second_writes(writes)
    places = {id(write): place for place, write in enumerate(writes)}
    key = tuple(_kind_of(write, places) for write in writes)
    if key not in _BUILT:
        _BUILT[key] = _built(writes, places)
    values = {_bound(place, name): value for place, write in enumerate(writes) for name, value in write.values.items()}
    rows = {_bound(place, ROWS): write.rows for place, write in enumerate(writes) if write.rows is not None}
    return Part(_BUILT[key], values | rows)


def refuse_second_writes(writes: Sequence[Write]) -> None:
    """Raise `SecondWriteToOneRowError` where two writes name the same row."""
    seen: set[tuple[Table, object]] = set()
    for write in writes:
        for table, key in write.touched:
            if (table, key) in seen:
                raise SecondWriteToOneRowError(f"{write.name} is a second write to {table.name} {key}")
            seen.add((table, key))


def met_by(writes: Sequence[Write], answer: Mapping[str, Any]) -> list[Callable[[], None]]:
    """From the one row that a statement of these writes answers: who is to be told of how many rows."""
    return [
        partial(write.told, answer[_bound(place, MET)]) for place, write in enumerate(writes) if write.told is not None
    ]


ROWS = "expected_rows"
MET = "met"


def _kind_of(write: Write, places: Mapping[int, int]) -> tuple[object, ...]:
    guard = None if write.after is None else places[id(write.after)]
    return (write.name, write.build, write.shape, tuple(write.values), guard, write.rows is None)


def _built(writes: Sequence[Write], places: Mapping[int, int]) -> Select[Any]:
    expressions: list[CTE] = []
    for place, write in enumerate(writes):
        guard = [] if write.after is None else [expressions[places[id(write.after)]]]
        parameters: Mapping[str, Column] = {name: bindparam(_bound(place, name)) for name in write.values}
        expressions.append(write.build(*guard, *write.shape, **parameters))
    return select(
        *[_met(place, write, expressions[place]).label(_bound(place, MET)) for place, write in enumerate(writes)]
    )


def _met(place: int, write: Write, expression: CTE) -> ColumnElement[Any]:
    met: ColumnElement[Any] = func.count()
    if write.rows is not None:
        expected = bindparam(_bound(place, ROWS), type_=BigInteger)
        # The function is only called to raise: entering PL/pgSQL costs as much as the rest of this.
        refused = func.impersonator_expect(write.name, expected, met, type_=BigInteger)
        met = case((met == expected, met), else_=refused)
    return select(met).select_from(expression).scalar_subquery()


def _bound(place: int, name: str) -> str:
    return f"w{place}_{name}"
