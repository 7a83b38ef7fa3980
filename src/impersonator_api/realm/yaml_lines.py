"""Reading YAML safely, and remembering on which line each value stands.

Plain data only: no tags, no merge keys, no key twice. Plain words mean what YAML 1.2 says, so `no` is a
word and `0123` is text, not a boolean and an octal number. Size, depth and what aliases expand to are bounded.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from impersonator_api.realm.errors import Fault, InvalidRealmError
from impersonator_api.realm.places import Spot

LARGEST = 16 * 1024 * 1024
"""Bytes of a file: room for about 50 000 people."""
DEEPEST = 32
MOST_VALUES = 2_000_000
"""Of all documents, an alias counted as what it stands for: ten lines of YAML can stand for a billion values."""

INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,399})", re.ASCII)
FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+][0-9]+)?", re.ASCII)
WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: value for value in (True, False) for word in (str(value), str(value).lower(), str(value).upper())
}
# libyaml is ten times faster than the parser in Python; both give the same events.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


Node: TypeAlias = ScalarEvent | CollectionStartEvent


@dataclass(frozen=True, slots=True)
class Written:
    """A value, its spot, and how many values it stands for."""

    value: Any
    spot: Spot
    size: int = 1


def read_documents(source: bytes, file: str) -> list[Written]:
    """The documents of a file; raises `InvalidRealmError` with the first thing that is no plain YAML."""
    if len(source) > LARGEST:
        raise InvalidRealmError([Fault(file, None, "", f"is larger than {LARGEST // 1024 // 1024} MiB")])
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise InvalidRealmError([Fault(file, line, "", "is not UTF-8")]) from error
    try:
        return list(_Reader(file, iter(yaml.parse(text, Loader=Loader))).documents())
    except yaml.MarkedYAMLError as error:
        raise InvalidRealmError([Fault(file, _line(error.problem_mark), "", _problem(error))]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidRealmError([Fault(file, None, "", "holds a character that YAML does not allow")]) from error


def _line(mark: Any) -> int | None:  # noqa: ANN401  # libyaml's marks and PyYAML's have no type in common.
    return None if mark is None else int(mark.line) + 1


def _line_of(event: Event) -> int:
    return _line(event.start_mark) or 1


def _problem(error: yaml.MarkedYAMLError) -> str:
    return f"is not YAML: {error.problem or 'cannot be read'}"


@dataclass(slots=True)
class _Reader:
    """Turns the parser's events into values; recursion is bounded by `DEEPEST`."""

    file: str
    events: Iterator[Event]
    anchors: dict[str, Written | None] = field(default_factory=dict)
    values: int = 0

    def documents(self) -> Iterator[Written]:
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                self.anchors = {}
                yield self._value(next(self.events), depth=0)

    def _value(self, event: Event, depth: int) -> Written:
        if depth > DEEPEST:
            raise self._fault(event, f"is nested more than {DEEPEST} deep")
        if isinstance(event, AliasEvent):
            return self._count(event, self._anchored(event))
        if not isinstance(event, ScalarEvent | CollectionStartEvent):
            raise self._fault(event, "is not YAML: a value is missing")
        self._refuse_tag(event)
        if event.anchor:
            self.anchors[event.anchor] = None
        read = self._count(event, self._read(event, depth))
        if event.anchor:
            self.anchors[event.anchor] = read
        return read

    def _read(self, event: Node, depth: int) -> Written:
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        return self._mapping(event, depth) if isinstance(event, MappingStartEvent) else self._sequence(event, depth)

    def _scalar(self, event: ScalarEvent) -> Written:
        # Only a plain scalar may be anything but text.
        is_plain = event.style in {None, ""} and event.implicit[0]
        return Written(plain(event.value) if is_plain else event.value, Spot(_line_of(event)))

    def _sequence(self, event: Node, depth: int) -> Written:
        items: list[Written] = []
        while not isinstance(item := next(self.events), SequenceEndEvent):
            items.append(self._value(item, depth + 1))
        spots: dict[str | int, Spot] = {index: item.spot for index, item in enumerate(items)}
        values = [item.value for item in items]
        return Written(values, Spot(_line_of(event), spots), 1 + sum(item.size for item in items))

    def _mapping(self, event: Node, depth: int) -> Written:
        values: dict[str, object] = {}
        spots: dict[str | int, Spot] = {}
        size = 1
        while not isinstance(key := next(self.events), MappingEndEvent):
            name = self._key(key, values)
            read = self._value(next(self.events), depth + 1)
            values[name], size = read.value, size + read.size
            # The line of the key: an error speaks of `email:`, not of the block that begins below it.
            spots[name] = Spot(_line_of(key), read.spot.children)
        return Written(values, Spot(_line_of(event), spots), size)

    def _key(self, event: Event, known: Container[str]) -> str:
        if not isinstance(event, ScalarEvent):
            raise self._fault(event, "a key must be a plain word")
        self._refuse_tag(event)
        if event.value == "<<":
            raise self._fault(event, "merge keys are not supported; write the keys out")
        if event.value in known:
            raise self._fault(event, f"the key {event.value!r} is there twice")
        return event.value

    def _anchored(self, event: AliasEvent) -> Written:
        read = self.anchors.get(event.anchor or "")
        if read is None:
            raise self._fault(event, "an alias must name an anchor that stands complete before it")
        return Written(read.value, Spot(_line_of(event), read.spot.children), read.size)

    def _count(self, event: Event, read: Written) -> Written:
        # What a list or mapping holds was counted as it was read; an alias counts all that it stands for.
        self.values += read.size if isinstance(event, AliasEvent) else 1
        if self.values > MOST_VALUES:
            raise self._fault(event, f"holds more than {MOST_VALUES} values")
        return read

    def _refuse_tag(self, event: Node) -> None:
        if event.tag not in {None, "!", "tag:yaml.org,2002:str"}:
            raise self._fault(event, "tags are not supported; write plain values")

    def _fault(self, event: Event, message: str) -> InvalidRealmError:
        return InvalidRealmError([Fault(self.file, _line_of(event), "", message)])


def plain(word: str) -> object:
    """What an unquoted scalar means (YAML 1.2, core schema, decimal numbers only)."""
    if word in WORDS:
        return WORDS[word]
    if INTEGER.fullmatch(word):
        return int(word)
    if FLOAT.fullmatch(word) and isfinite(number := float(word)):
        return number + 0.0  # PostgreSQL knows no negative zero, and the same file again must change nothing.
    return word
