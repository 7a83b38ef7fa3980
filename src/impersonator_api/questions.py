"""Statements that are built once and asked many times, each time with other values.

SQLAlchemy takes several times as long to build a large statement as PostgreSQL takes to answer it. So a question is
built from named bind parameters when it is first asked, and from then on only its values change.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from msgspec import Struct
from sqlalchemy import ColumnElement, FromClause, Integer, Select, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSON
from typing_extensions import override

from impersonator_api.prepared import Prepared

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import NamedFromClause

Element = TypeVar("Element", bound=Select[Any] | ColumnElement[Any])

Column = ColumnElement[Any]


class Built(Struct, Generic[Element], eq=False):
    """How a column or a statement is made, the names of its bind parameters, and what the driver takes of it.

    Its expressions are not kept: they take far more memory than their SQL, and only another statement that is made with
    them needs them again.
    """

    make: Callable[[], Element]
    names: tuple[str, ...]
    prepared: Prepared | None = None


class Part(Struct, Generic[Element], frozen=True):
    """A column or a whole statement, and the values of its bind parameters, in the order of their names."""

    built: Built[Element]
    values: tuple[Any, ...]

    @override
    def __repr__(self) -> str:
        # The values may be anybody's secrets.
        return f"Part({self.built.make!r})"


NOTHING_ELSE: Part[Select[Any]] = Part(Built(select, ()), ())

_BUILT: dict[tuple[object, ...], Built[Any]] = {}
_EXTENDED: dict[tuple[object, ...], Built[Select[Any]]] = {}


def part(build: Callable[..., Element], /, *shape: object, slot: str = "", **values: object) -> Part[Element]:
    """What `build` makes of bind parameters named like `values`, built once for each `shape`, with these values.

    `build` must not look at its keyword arguments: it gets parameters, whatever the values are. Two parts of one
    kind in one statement need different slots.
    """
    key = (build, slot, shape, tuple(values))
    if key not in _BUILT:
        _BUILT[key] = _built(build, shape, {name: f"{build.__name__}{slot}_{name}" for name in values})
    return Part(_BUILT[key], tuple(values.values()))


def _built(build: Callable[..., Element], shape: tuple[object, ...], names: Mapping[str, str]) -> Built[Element]:
    def make() -> Element:
        return build(*shape, **{name: bindparam(bound) for name, bound in names.items()})

    return Built(make, tuple(names.values()))


def with_parts(question: Part[Select[Any]], parts: Mapping[str, Part[Column]]) -> Part[Select[Any]]:
    """The question with further columns, put together once for each combination."""
    if not parts:
        return question
    key = (question.built, *parts, *[each.built for each in parts.values()])
    if key not in _EXTENDED:
        _EXTENDED[key] = _extended(question.built, {name: each.built for name, each in parts.items()})
    return Part(_EXTENDED[key], sum([each.values for each in parts.values()], question.values))


def _extended(question: Built[Select[Any]], parts: Mapping[str, Built[Column]]) -> Built[Select[Any]]:
    names = sum([each.names for each in parts.values()], question.names)
    if len(set(names)) < len(names):
        raise SameSlotError("two parts of one kind need different slots")

    def make() -> Select[Any]:
        return question.make().add_columns(*[each.make().label(name) for name, each in parts.items()])

    return Built(make, names)


def alone(asked: Part[Column]) -> Part[Select[Any]]:
    """A part as a question of its own, of one row with one column."""
    return with_parts(NOTHING_ELSE, {"answer": asked})


def constant(value: str | int) -> Column:
    """A value of ours, never anybody's input, that stands in the statement itself.

    A plan that is made once for all values (ADR 0024) knows nothing of a parameter: it can use a partial index only
    where it can read the index's condition, and takes LIMIT by a parameter for a tenth of all rows.
    """
    return literal_column(str(value), Integer) if isinstance(value, int) else literal_column(f"'{value}'", Text)


def json_of(columns: Mapping[str, Column]) -> Column:
    """One JSON object of these columns; the names are ours, never anybody's input: they stand in the statement."""
    pairs = [each for name, column in columns.items() for each in (constant(name), column)]
    # Nobody looks into it before it is sent, so it need not be `jsonb`, which takes several times as long to make.
    return func.json_build_object(*pairs, type_=JSON)


def row_json(rows: FromClause) -> Column:
    """One JSON object of each row of a table or subquery, all of it, by its columns' names.

    It takes two thirds of what `json_of` does for one row, and half for many; of a table it is the cheapest.
    """
    # Nobody asks for the row of what has no name.
    return func.row_to_json(cast("NamedFromClause", rows).table_valued(), type_=JSON)


def json_list(question: Select[Any]) -> Column:
    """One JSON list of what a question of one column finds, in its order."""
    # By way of an array, since every aggregate has to be set up each time, whatever it finds.
    return func.array_to_json(func.array(question.scalar_subquery()), type_=JSON)


class SameSlotError(Exception):
    """Two parts of a statement share a bind parameter, so one would be asked with the other's value."""
