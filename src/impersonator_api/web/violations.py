"""What a schema was broken by, told without repeating what was sent: an input may be a secret."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

QUOTING = ("_parsing", "url_")
"""Kinds of messages that quote a part of the input behind their first comma."""

OWN_WORDS = {
    "extra_forbidden": "Holds a name that is not known here",
    "union_tag_invalid": "Is none of the known kinds",
}
"""Said instead of messages that would quote the input whole."""

PARAMETERS = frozenset({"query", "path", "header", "cookie"})


def violations(errors: Iterable[Mapping[str, Any]], *, members: Collection[str] | None = None) -> list[dict[str, str]]:
    """One entry for each error of pydantic: where (a JSON pointer, or a parameter's name) and what is expected there.

    `members` are the names that a schema knows; a pointer ends before any other, because somebody sent it.
    """
    return [{**_place(error, members), "message": message_of(error)} for error in errors]


def message_of(error: Mapping[str, Any]) -> str:
    """What is expected, in pydantic's words as far as they do not quote the input."""
    kind, message = str(error["type"]), str(error["msg"])
    if kind in OWN_WORDS:
        return OWN_WORDS[kind]
    if any(part in kind for part in QUOTING):
        return message.partition(",")[0]
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _place(error: Mapping[str, Any], members: Collection[str] | None) -> dict[str, str]:
    where, *parts = tuple(error["loc"]) or ("body",)
    if error["type"] == "extra_forbidden":
        parts = parts[:-1]
    if where in PARAMETERS:
        return {"parameter": str(parts[0]) if parts else str(where)}
    return {"pointer": _pointer(parts, members)}


def _pointer(parts: Iterable[object], members: Collection[str] | None) -> str:
    """RFC 6901 §6, the form that RFC 9457 §3 shows."""
    pointer = "#"
    for part in parts:
        if isinstance(part, str) and members is not None and part not in members:
            break
        pointer += "/" + str(part).replace("~", "~0").replace("/", "~1")
    return pointer
