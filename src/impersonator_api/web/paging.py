"""Keyset pages: a cursor names the last row seen, so a page costs the same however deep it lies."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from impersonator_api.errors import InvalidError
from impersonator_api.settings import Settings
from impersonator_api.web.errors import InvalidCursorError

M = TypeVar("M", bound=BaseModel)

VERSION = b"\x01"
MARK_LENGTH = 8
LENGTH = len(VERSION) + 16 + MARK_LENGTH

Filters = Mapping[str, str | None]
"""The filters a list was asked for, as they were sent; without `limit` and `cursor`."""


class RepeatedParameterError(InvalidError):
    """A query parameter came twice; which of them was meant is not guessed."""

    code = "repeated-parameter"
    title = "Repeated query parameter"


def read_query(request: Request, model: type[M]) -> M:
    """The query's parameters as a model; raises `RepeatedParameterError`, and FastAPI's own error for the rest."""
    parameters = request.query_params
    if len(parameters.multi_items()) != len(parameters):
        raise RepeatedParameterError("Send each query parameter once.")
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("query", *each["loc"])} for each in error.errors()]) from None


async def refuse_repeated(request: Request) -> None:
    """Raise where a query parameter is repeated: a list filtered by one of them would mislead."""
    if len(request.query_params.multi_items()) != len(request.query_params):
        raise RepeatedParameterError("Send each query parameter once.")


def cursor_after(last: UUID, filters: Filters) -> str:
    """A cursor for the rows behind `last`; ids are UUIDv7, so that is older ones."""
    return urlsafe_b64encode(VERSION + last.bytes + _mark(filters)).rstrip(b"=").decode()


def read_cursor(cursor: str | None, filters: Filters) -> UUID | None:
    """The id a page starts behind, `None` for the first page.

    Raises `InvalidCursorError`: a cursor of other filters would skip or repeat rows in silence.
    """
    if cursor is None:
        return None
    raw = _decoded(cursor)
    if len(raw) != LENGTH or not raw.startswith(VERSION) or _encoded_differs(raw, cursor):
        raise InvalidCursorError("The cursor is not one of ours; start with the first page.")
    if raw[-MARK_LENGTH:] != _mark(filters):
        raise InvalidCursorError("The cursor belongs to other filters; start with the first page.")
    return UUID(bytes=raw[1:17])


def next_page(settings: Settings, path: str, *, filters: Filters, limit: int, last: UUID) -> dict[str, str]:
    """The header that leads to the next page (RFC 8288), below the issuer: a Host header is anybody's word."""
    given = {name: value for name, value in sorted(filters.items()) if value is not None}
    query = urlencode({**given, "limit": limit, "cursor": cursor_after(last, filters)})
    return {"Link": f'<{settings.issuer.rstrip("/")}{path}?{query}>; rel="next"'}


def _mark(filters: Filters) -> bytes:
    given = {name: value for name, value in filters.items() if value is not None}
    return sha256(dumps(given, sort_keys=True).encode()).digest()[:MARK_LENGTH]


def _decoded(cursor: str) -> bytes:
    try:
        return urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (Base64Error, ValueError):
        return b""


def _encoded_differs(raw: bytes, cursor: str) -> bool:
    # Base64 decoders skip what they do not know; only the one spelling we write is ours.
    return urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor
