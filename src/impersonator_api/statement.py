"""How several queued writes become one SQL statement that succeeds or fails as a whole.

Laws, each proved by a test on PostgreSQL:
a condition that matches no row does not stop its siblings, so every write states the rows it expects and the
statement calls a function that raises where one met another number, unless it is a plain insert, which writes its row
or raises by itself; common table expressions have no order, so a write that needs another one first selects from its
RETURNING; of two writes to one row the second is dropped in silence, so a second write to the same row is refused here.

Like a question, a statement is built once for each combination of writes (ADR 0020).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import CTE, BigInteger, Insert, Select, Table, bindparam, case, cast, func, select
from typing_extensions import override

from impersonator_api.questions import Built, Column, Part, constant

LOST_RACE = "IMP01"
"""The SQLSTATE with which `impersonator_expect` tells that a write met another number of rows."""


class Write(Struct, frozen=True, eq=False):
    """One data-modifying (or locking) common table expression: what builds it, and with which values.

    `build` gets the expression of `after`, where that is given, then `shape`, then a bind parameter for each of
    `values`, at which it must not look; it is a function of a module, so that equal writes are built once. `name`, our
    own word, is what a lost race is called by. `rows` is how many rows it must meet, `None` where any number will do.
    `touched` names the rows it changes; fresh inserts need none. `told` is called with the rows it met, once they are
    committed.
    """

    name: str
    build: Callable[..., CTE]
    values: Mapping[str, Any] = {}
    shape: tuple[object, ...] = ()
    after: "Write | None" = None
    rows: int | None = 1
    touched: tuple[tuple[Table, object], ...] = ()
    told: Callable[[int], None] | None = None

    @override
    def __repr__(self) -> str:
        # The values may be anybody's secrets.
        return f"Write({self.name!r})"


class _Kind(Struct, frozen=True):
    """All of a write that its expression is built from: no value, and of `after` its place."""

    name: str
    build: Callable[..., CTE]
    shape: tuple[object, ...]
    values: tuple[str, ...]
    after: int | None
    rows: int | str | None
    is_told: bool


_BUILT: dict[tuple[_Kind, ...], Built[Select[Any]]] = {}


class SecondWriteToOneRowError(Exception):
    """A story queued two writes to one row; PostgreSQL would drop the second without a word."""


def as_one_statement(writes: Sequence[Write]) -> Part[Select[Any]]:
    """All writes in one statement, in their order, each held to the number of rows that it expects to meet."""
    refuse_second_writes(writes)
    kinds = tuple([_kind_of(write, writes) for write in writes])
    built = _BUILT.get(kinds)
    if built is None:
        built = _BUILT[kinds] = Built(partial(_made, kinds), tuple(_names(kinds)))
    return Part(built, tuple(_given(writes)))


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
        # Whoever had to meet some number has met it.
        partial(write.told, answer[_bound(place, MET)] if write.rows is None else write.rows)
        for place, write in enumerate(writes)
        if write.told is not None
    ]


ROWS = "expected_rows"
MET = "met"


def _kind_of(write: Write, writes: Sequence[Write]) -> _Kind:
    after = None if write.after is None else writes.index(write.after)
    rows = write.rows if write.rows in {None, 1} else ROWS
    return _Kind(write.name, write.build, write.shape, tuple(write.values), after, rows, write.told is not None)


def _given(writes: Sequence[Write]) -> list[Any]:
    given: list[Any] = []
    for write in writes:
        given += write.values.values()
    given += [write.rows for write in writes if write.rows not in {None, 1}]
    return given


def _names(kinds: Sequence[_Kind]) -> Iterator[str]:
    """Of the bind parameters, in the order in which `_given` brings their values."""
    for place, kind in enumerate(kinds):
        yield from (_bound(place, name) for name in kind.values)
    yield from (_bound(place, ROWS) for place, kind in enumerate(kinds) if kind.rows == ROWS)


def _made(kinds: Sequence[_Kind]) -> Select[Any]:
    expressions: list[CTE] = []
    for place, kind in enumerate(kinds):
        guard = [] if kind.after is None else [expressions[kind.after]]
        parameters: Mapping[str, Column] = {name: bindparam(_bound(place, name)) for name in kind.values}
        expressions.append(kind.build(*guard, *kind.shape, **parameters))
    met = [_met(place, kind, expressions[place]) for place, kind in enumerate(kinds)]
    columns: list[Column] = [column.label(_bound(place, MET)) for place, column in enumerate(met) if column is not None]
    # Of a row without columns a driver may say nothing.
    return select(*columns or [constant(1)]).add_cte(*expressions)


def _met(place: int, kind: _Kind, expression: CTE) -> Column | None:
    """What there is to ask of a write, which is done whether or not somebody asks: every question costs something."""
    if kind.rows is None:
        return select(func.count()).select_from(expression).scalar_subquery() if kind.is_told else None
    if _is_plain(expression):
        return None
    if kind.rows == 1:
        # Cheaper than counting: no row is NULL, and of a second one PostgreSQL itself says that it is too many.
        found: Column = select(cast(constant(1), BigInteger)).select_from(expression).scalar_subquery()
        return func.coalesce(found, _refused(kind, constant(1), constant(0)))
    expected = bindparam(_bound(place, ROWS), type_=BigInteger)
    # The function is only called to raise: entering PL/pgSQL costs as much as the rest of this.
    counted = case((func.count() == expected, func.count()), else_=_refused(kind, expected, func.count()))
    return select(counted).select_from(expression).scalar_subquery()


def _is_plain(expression: CTE) -> bool:
    """Whether it is an INSERT of one row in any case; with ON CONFLICT it is a dialect's own kind of Insert."""
    return type(expression.element) is Insert and expression.element.select is None


def _refused(kind: _Kind, expected: Column, met: Column) -> Column:
    return func.impersonator_expect(constant(kind.name), expected, met, type_=BigInteger)


def _bound(place: int, name: str) -> str:
    return f"w{place}_{name}"
