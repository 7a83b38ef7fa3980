"""The policy reference names every law, every requirement, every key of the document and every problem."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from impersonator_api.policy import BUILT_IN, LAWS, REQUIREMENTS, PolicyDocument, errors, parse_document
from impersonator_api.policy.decide import NO_RULE
from impersonator_api.policy.parsing import LATER

REFERENCE = (Path(__file__).parents[2] / "docs/reference/policy.md").read_text()
ROWS = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", REFERENCE, re.MULTILINE))
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", REFERENCE, re.MULTILINE | re.DOTALL)
REFUSALS = [refusal for refusal in vars(errors).values() if getattr(refusal, "__module__", "") == errors.__name__]
PROBLEMS = [refusal for refusal in REFUSALS if hasattr(refusal, "code")]

pytestmark = pytest.mark.docs


def keys_of(part: type[BaseModel], within: str = "") -> Iterator[str]:
    """The keys of the document the way the reference writes them: `duration.max`, those of a rule without `rules`."""
    for key, field in part.model_fields.items():
        inner = list(parts_in(field.annotation))
        prefix = "" if part is PolicyDocument else f"{within}{key}."
        yield from (name for each in inner for name in keys_of(each, prefix))
        if not inner or part is PolicyDocument:
            yield f"{within}{key}"


def parts_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models within `tuple[Rule, ...]` or `Ticket | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from parts_in(argument)


@pytest.mark.parametrize("name", [law.name for law in LAWS])
def test_each_law_is_in_the_reference(name: str) -> None:
    assert name in ROWS


def test_the_reference_has_the_laws_in_the_order_in_which_they_are_asked() -> None:
    names = [law.name for law in LAWS]

    assert [name for name in ROWS if name in names] == names


@pytest.mark.parametrize("name", [requirement.name for requirement in REQUIREMENTS])
def test_each_requirement_is_in_the_reference(name: str) -> None:
    assert name in ROWS


@pytest.mark.parametrize("key", sorted(set(keys_of(PolicyDocument))))
def test_each_key_of_the_document_is_in_the_reference(key: str) -> None:
    assert key in ROWS


@pytest.mark.parametrize("name", [NO_RULE, *sorted(LATER)])
def test_so_is_what_has_no_row_of_its_own(name: str) -> None:
    assert f"`{name}`" in REFERENCE


@pytest.mark.parametrize("problem", PROBLEMS)
def test_each_problem_is_in_the_reference_with_its_status(problem: Any) -> None:
    assert re.search(rf"^\| `{problem.code}` \| {problem.status} \|", REFERENCE, re.MULTILINE)


def test_the_example_is_a_document_that_names_every_key() -> None:
    example = EXAMPLES[0]

    document = parse_document(yaml.safe_load(example))

    assert document.rules
    assert [key for key in keys_of(PolicyDocument) if f"{key.rpartition('.')[2]}:" not in example] == []


def test_the_built_in_document_is_as_the_reference_says() -> None:
    assert parse_document(yaml.safe_load(EXAMPLES[1])) == BUILT_IN
