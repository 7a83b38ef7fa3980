"""A statement as its driver takes it: SQL with numbered places, what goes into them, and how its answer is read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from asyncpg import Record
from sqlalchemy import ColumnElement, Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

Value = Any
Process = Callable[[Value], Value]

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What SQLAlchemy made of a statement. `places` are the names of its values in their order, `$1` first."""

    sql: str
    places: Sequence[tuple[str, Process | None]]
    constants: Mapping[str, Value]
    readers: Sequence[Process | None]

    def arguments(self, values: Mapping[str, Value]) -> list[Value]:
        """The values in their places, those that the statement brings itself among them."""
        given = {**self.constants, **values}
        return [given[name] if write is None else write(given[name]) for name, write in self.places]

    def rows(self, records: list[Record]) -> Iterable[Row]:
        """Records by their columns' names, each read by its type; as they are where the driver has read them all."""
        return map(self._row, records) if self.readers else cast("list[Row]", records)

    def _row(self, record: Record) -> Row:
        return {
            name: value if read is None else read(value)
            for (name, value), read in zip(record.items(), self.readers, strict=True)
        }


def prepared(statement: ClauseElement, dialect: Dialect) -> Prepared:
    """Compile a statement; lists of an IN are written out with the values that they have now."""
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    if not isinstance(compiled, SQLCompiler):
        return Prepared(str(compiled), (), {}, ())
    # One name may stand for several parameters, where an expression took it with another type.
    wanted = {name: None for parameter, name in compiled.bind_names.items() if parameter.required}
    constants = {name: value for name, value in compiled.construct_params(wanted).items() if name not in wanted}
    writers = {
        name: parameter.type.dialect_impl(dialect).bind_processor(dialect)
        for parameter, name in compiled.bind_names.items()
    }
    return Prepared(
        sql=compiled.string,
        places=tuple((name, writers.get(name)) for name in compiled.positiontup or ()),
        constants=constants,
        readers=_readers(statement, dialect),
    )


def _readers(statement: ClauseElement, dialect: Dialect) -> Sequence[Process | None]:
    columns: Sequence[ColumnElement[Any]] = tuple(getattr(statement, "exported_columns", ()))
    readers = tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    return readers if any(readers) else ()
