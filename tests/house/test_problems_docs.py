"""The problems reference names every code under its status, and none that does not exist."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import impersonator_api
from impersonator_api.errors import ServiceError
from impersonator_api.web.problem_pages import meaning_of
from impersonator_api.web.problems import all_problems

REFERENCE = (Path(__file__).parents[2] / "docs/reference/problems.md").read_text()
SECTIONS = re.findall(r"^## ([^:\n]+):.*?\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$", re.MULTILINE)

pytestmark = pytest.mark.docs


@pytest.fixture(scope="module")
def problems() -> dict[str, type[ServiceError]]:
    """Every problem of every module; those nobody imports yet are imported."""
    for module in walk_packages(impersonator_api.__path__, "impersonator_api."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    return all_problems()


def test_each_code_is_documented_under_its_status(problems: dict[str, type[ServiceError]]) -> None:
    documented = {code: set(re.findall(r"\d{3}", heading)) for heading, text in SECTIONS for code in ROW.findall(text)}

    assert documented.keys() == problems.keys()
    assert [code for code, kind in problems.items() if str(kind.status) not in documented[code]] == []


def test_rows_are_in_order() -> None:
    codes = [ROW.findall(text) for _, text in SECTIONS]

    assert codes == [sorted(each) for each in codes]


def test_each_problem_says_what_it_means_and_is_named_as_it_should_be(problems: dict[str, type[ServiceError]]) -> None:
    odd = [
        code
        for code, kind in problems.items()
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code) or not meaning_of(kind).endswith(".") or kind.title.endswith(".")
    ]

    assert odd == []
