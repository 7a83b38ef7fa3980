"""From what somebody wrote to a policy document, and back."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pydantic import ValidationError

from impersonator_api.policy.document import MOST_ITEMS, PolicyDocument
from impersonator_api.policy.errors import InvalidPolicyError, UnreadablePolicyError

LARGEST = 256 * 1024
"""Of a document as JSON, in characters: every start reads it."""

MOST_FAULTS = 50
LONGEST_KEY = 64

LATER = frozenset({"duration.extend", "duration.idle", "notify", "require.approval", "require.consent"})
"""Keys of a rule that are planned and would be dangerous to ignore: somebody who writes one relies on it."""

OUR_WORDS = {
    "extra_forbidden": "is no key of the policy document",
    "missing": "is missing",
    "model_type": "must be a mapping of keys to values",
    "too_long": f"must not name more than {MOST_ITEMS}",
    "too_short": "must name at least one",
}
"""By pydantic's type of error; its own words are for programmers."""

INPUT = re.compile(r"^(Input|String) should")


def parse_document(written: object) -> PolicyDocument:
    """Read a mapping as YAML or JSON gives it.

    Raises `InvalidPolicyError`, whose `members["errors"]` holds a path such as `rules[0].duration.max` and a
    message for each fault; values are never repeated.
    """
    try:
        document = PolicyDocument.model_validate(written)
    except ValidationError as error:
        raise _invalid(list(_faults(error))) from error
    if len(to_json(document)) > LARGEST:
        raise _invalid([{"path": "", "message": f"must not be longer than {LARGEST} characters as JSON"}])
    return document


def as_mapping(document: PolicyDocument) -> dict[str, object]:
    """The document as its writer would write it, with every default spelled out: a later release may have others."""
    return document.model_dump(mode="json", exclude_none=True)


def to_json(document: PolicyDocument) -> str:
    """The document as one text; equal documents have equal texts."""
    return json.dumps(as_mapping(document), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=512)
def document_from_json(text: str) -> PolicyDocument:
    """Read a stored document. The cache's key is the whole text, so it cannot hold a wrong answer.

    Raises `UnreadablePolicyError` (503) for what another release has written.
    """
    try:
        return parse_document(json.loads(text))
    except (ValueError, RecursionError, InvalidPolicyError) as error:
        raise UnreadablePolicyError("The stored policy is of another release; run the one that wrote it.") from error


def _faults(error: ValidationError) -> Iterator[dict[str, str]]:
    told = error.errors(include_url=False, include_context=False, include_input=False)
    # What follows from another fault is no fault of its own.
    told = [fault for fault in told if fault["type"] != "default_factory_not_called"]
    for fault in told[:MOST_FAULTS]:
        yield {"path": _path(fault["loc"]), "message": _message(fault["type"], fault["loc"], fault["msg"])}


def _message(kind: str, place: Sequence[str | int], words: str) -> str:
    key = ".".join(part for part in place[2:] if isinstance(part, str))
    if kind == "extra_forbidden" and key in LATER:
        return f"{key} arrives with the governance release; it is not ignored silently, so leave it out until then"
    return OUR_WORDS.get(kind, INPUT.sub("must", words.removeprefix("Value error, ")))


def _path(place: Sequence[str | int]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in place)
    return path.removeprefix(".")


def _shown(key: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in key[:LONGEST_KEY])


def _invalid(faults: list[dict[str, str]]) -> InvalidPolicyError:
    first = faults[0]
    where = f" at {first['path']}" if first["path"] else ""
    return InvalidPolicyError(f"Mend the policy document{where}: {first['message']}.", errors=faults)
