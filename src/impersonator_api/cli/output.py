"""What commands print: lines for people, JSON for machines, and nothing a terminal would obey."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer
from msgspec import Struct, structs

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def say(words: str) -> None:
    """One line, as it is."""
    print(shown(words))


def say_json(value: object) -> None:
    """A value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=plain))


def complain(code: str, words: str) -> None:
    """An error on stderr."""
    print(f"error[{code}]: {shown(words)}", file=sys.stderr)


def note(words: str) -> None:
    """Something worth knowing, beside the answer."""
    print(f"note: {shown(words)}", file=sys.stderr)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Tell a step and how long it took."""
    began = time.perf_counter()
    yield
    print(f"· {name:<40} {time.perf_counter() - began:5.1f} s", flush=True)


def shown(text: str) -> str:
    """Text without control characters: a display name must not move a cursor or recolour a terminal."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)


def cell(value: object) -> str:
    """A value in a table."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    return "-" if value is None else shown(str(value))


def plain(value: object) -> object:
    """A value JSON does not know."""
    if isinstance(value, Struct):
        return structs.asdict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return dict(value) if isinstance(value, Mapping) else str(value)


def examples(*lines: str) -> str:
    """The end of a command's help."""
    return "\n\n".join(("Examples:", *(f"  {line}" for line in lines)))
