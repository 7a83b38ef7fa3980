from time import perf_counter

import pytest

from impersonator_api.policy.tickets import is_ticket


def test_the_whole_ticket_has_the_form() -> None:
    assert is_ticket("SUP-1", pattern=r"SUP-\d+")
    assert not is_ticket("SUP-1 and more", pattern=r"SUP-\d+")
    assert not is_ticket("x SUP-1", pattern=r"SUP-\d+")


def test_an_alternative_does_not_escape_from_the_whole() -> None:
    assert not is_ticket("SUP-1 evil", pattern="SUP-1|INC-1")
    assert not is_ticket("evil INC-1", pattern="SUP-1|INC-1")


def test_a_line_end_is_part_of_the_ticket() -> None:
    assert not is_ticket("SUP-1\n", pattern=r"SUP-\d+")
    assert not is_ticket("SUP-1\nevil", pattern=r"(?m)^SUP-\d+$")


def test_a_ticket_has_at_most_200_characters() -> None:
    assert is_ticket("1" * 200, pattern=r"\d+")
    assert not is_ticket("1" * 201, pattern=r"\d+")


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(a|aa)+", "(.*a){20}", "a*a*a*a*a*a*a*a*b"])
def test_a_pattern_that_would_keep_a_backtracking_engine_for_years_answers_at_once(pattern: str) -> None:
    begun_at = perf_counter()

    is_ticket("a" * 199 + "!", pattern=pattern)

    assert perf_counter() - begun_at < 1
