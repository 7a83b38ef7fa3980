"""A statement as its driver takes it: SQL with numbered places, what goes into them, and how its answer is read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from asyncpg import Record
from sqlalchemy import ARRAY, ColumnElement, Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Value = Any
Process = Callable[[Value], Value]

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What SQLAlchemy made of a statement. `sources` are where its values come from, `$1` first.

    They count the values that are given, and then the statement's own. `writers` are for the places whose values are
    not sent as they are.
    """

    sql: str
    sources: Sequence[int]
    writers: Sequence[tuple[int, Process]]
    own: tuple[Value, ...]
    readers: Sequence[Process | None]

    def arguments(self, values: tuple[Value, ...]) -> list[Value]:
        """The values in their places, those that the statement brings itself among them."""
        given = values + self.own
        arguments = list(map(given.__getitem__, self.sources))
        for place, write in self.writers:
            arguments[place] = write(arguments[place])
        return arguments

    def rows(self, records: list[Record]) -> Iterable[Row]:
        """Records by their columns' names, each read by its type; as they are where the driver has read them all."""
        return map(self._row, records) if self.readers else cast("list[Row]", records)

    def _row(self, record: Record) -> Row:
        return {
            name: value if read is None else read(value)
            for (name, value), read in zip(record.items(), self.readers, strict=True)
        }


def prepared(statement: ClauseElement, dialect: Dialect, *, given: Sequence[str] = ()) -> Prepared:
    """Compile a statement, `given` being the names of the values that it is sent with, in their order.

    Lists of an IN are written out with the values that they have now.
    """
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    if not isinstance(compiled, SQLCompiler):
        return Prepared(str(compiled), (), (), (), ())
    # One name may stand for several parameters, where an expression took it with another type.
    wanted = {name: None for parameter, name in compiled.bind_names.items() if parameter.required}
    own = {name: value for name, value in compiled.construct_params(wanted).items() if name not in wanted}
    writers = {name: _writer(parameter.type, dialect) for parameter, name in compiled.bind_names.items()}
    names = tuple(compiled.positiontup or ())
    return Prepared(
        sql=compiled.string,
        sources=tuple(map([*given, *own].index, names)),
        writers=tuple((place, write) for place, name in enumerate(names) if (write := writers.get(name)) is not None),
        own=tuple(own.values()),
        readers=_readers(statement, dialect),
    )


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    if isinstance(kind, ARRAY) and _writer(kind.item_type, dialect) is None:
        # The driver takes a list as it is; what SQLAlchemy would do besides is a copy.
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _readers(statement: ClauseElement, dialect: Dialect) -> Sequence[Process | None]:
    columns: Sequence[ColumnElement[Any]] = tuple(getattr(statement, "exported_columns", ()))
    readers = tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    return readers if any(readers) else ()
