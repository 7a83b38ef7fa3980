"""A question is built once, and asked with new values each time."""

import gc
from typing import Any
from weakref import ref

import pytest
from sqlalchemy import ColumnElement, Select, func, literal_column, select, type_coerce
from sqlalchemy import Integer as Number

from impersonator_api.questions import Column, Part, SameSlotError, alone, part, with_parts
from impersonator_api.work import Desk, Work

BUILT: list[str] = []


def doubled(number: ColumnElement[Any]) -> Column:
    BUILT.append("doubled")
    return type_coerce(number, Number) * 2


def one_row(number: ColumnElement[Any]) -> Select[Any]:
    return select(type_coerce(number, Number).label("number"))


async def answer(desk: Desk, question: Part[Select[Any]]) -> dict[str, Any]:
    async def ask(work: Work) -> dict[str, Any]:
        return dict((await work.read(question)).one())

    return await desk.run(ask)


async def test_new_values_build_nothing(desk: Desk) -> None:
    await answer(desk, alone(part(doubled, number=1)))
    BUILT.clear()

    answers = [await answer(desk, alone(part(doubled, number=number))) for number in (2, 3)]

    assert answers == [{"answer": 4}, {"answer": 6}]
    assert BUILT == []


async def test_a_question_takes_further_columns_along(desk: Desk) -> None:
    question = with_parts(part(one_row, number=7), {"twice": part(doubled, number=21)})

    assert await answer(desk, question) == {"number": 7, "twice": 42}


async def test_the_same_columns_make_the_same_statement() -> None:
    questions = [with_parts(part(one_row, number=n), {"twice": part(doubled, number=n)}) for n in (1, 2)]

    assert questions[0].built is questions[1].built


async def test_what_a_statement_is_made_of_is_let_go_once_it_was_asked(desk: Desk) -> None:
    made: list[ref[Column]] = []

    def noted(number: ColumnElement[Any]) -> Column:
        column = type_coerce(number, Number) + 1
        made.append(ref(column))
        return column

    await answer(desk, alone(part(noted, number=1)))
    gc.collect()

    assert [each() for each in made] == [None]


async def test_two_parts_of_one_kind_have_slots_of_their_own(desk: Desk) -> None:
    parts = {name: part(doubled, slot=name, number=number) for name, number in (("left", 1), ("right", 2))}

    assert await answer(desk, with_parts(part(one_row, number=0), parts)) == {"number": 0, "left": 2, "right": 4}


async def test_two_parts_in_one_slot_are_refused() -> None:
    parts = {"left": part(doubled, number=1), "right": part(doubled, number=2)}

    with pytest.raises(SameSlotError):
        with_parts(part(one_row, number=0), parts)


async def test_another_shape_is_another_statement(desk: Desk) -> None:
    def shaped(sign: str) -> Column:
        return func.concat(literal_column(f"'{sign}'"), "x")

    assert [await answer(desk, alone(part(shaped, sign))) for sign in "+-"] == [{"answer": "+x"}, {"answer": "-x"}]
