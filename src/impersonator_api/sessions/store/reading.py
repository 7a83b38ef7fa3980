"""Sessions out of the JSON documents that questions answer in."""

from collections.abc import Mapping
from typing import Any

from msgspec import convert

from impersonator_api.sessions.session import Session


def session_from(row: Mapping[str, Any]) -> Session:
    """The session in a JSON document of `session_json`."""
    return convert(row, Session)
