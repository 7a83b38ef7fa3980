"""Request bodies, read by the door itself once the caller is known: 401 and 403 come before 415, 400 and 422."""

import json
import re
from asyncio import timeout
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import isfinite
from typing import Final, TypeVar
from urllib.parse import unquote_plus

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from impersonator_api.errors import InvalidError, MalformedError
from impersonator_api.web.errors import BodyTooSlowError, FormError, UnsupportedMediaTypeError
from impersonator_api.web.limits import WHOLE, decode_strictly
from impersonator_api.web.request_context import header_values
from impersonator_api.web.violations import violations

M = TypeVar("M", bound=BaseModel)

JSON = re.compile(r'application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
FORM = re.compile(r'application/x-www-form-urlencoded\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)

PATIENCE = 15.0
"""Seconds a body may take to arrive."""

MAX_DEPTH = 16
MAX_PARAMETERS = 50
LARGEST_INTEGER = 2**63 - 1
UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")


async def read_json(request: Request, model: type[M]) -> M:
    """The JSON body as a model; no body at all is an empty object.

    Raises `UnsupportedMediaTypeError` (415), `MalformedError` (400) for what is not JSON with unique names
    (RFC 8259 §4, RFC 7493), `InvalidError` (422) for what breaks the model or no column can hold.
    """
    raw = await read_body(request)
    if raw:
        _require_media_type(request, JSON, "application/json")
        value = _parsed(raw)
        # Only behind an escape may a text hide what no column holds, and deep is only what has many brackets.
        if b"\\u" in raw or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
            _refuse_unfit(value)
    try:
        # Pydantic reads the JSON itself: only then are strict models strict by JSON's types.
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        at_body = [{**each, "loc": ("body", *each["loc"])} for each in found]
        raise InvalidError(
            "The body breaks the schema; `errors` says where.", errors=violations(at_body, members=member_names(model))
        ) from None


async def read_form(request: Request) -> dict[str, str]:
    """The parameters of an OAuth form, each sent once; raises `FormError`."""
    form, _ = await read_form_of_several(request, frozenset())
    return form


async def read_form_of_several(
    request: Request, repeatable: frozenset[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Those sent once, and those that may be sent several times; raises `FormError`.

    RFC 6749 §3.2: a parameter without a value counts as omitted, and no other may be repeated.
    """
    raw = await read_body(request)
    _require_form(request)
    form: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for name, value in _pairs(raw):
        if name in repeatable:
            if value:
                several.setdefault(name, []).append(value)
        elif name in form:
            raise FormError("A parameter is repeated; send each once.")
        else:
            form[name] = value
    return {name: value for name, value in form.items() if value}, several


async def read_body(request: Request) -> bytes:
    """The whole body; raises `BodyTooSlowError`, and by its stream `BodyTooLargeError`."""
    if WHOLE in request.scope["state"]:
        # There is nothing to wait for, and a timer costs more than reading.
        return await _whole(request.receive)
    try:
        async with timeout(PATIENCE):
            return await _whole(request.receive)
    except TimeoutError as error:
        raise BodyTooSlowError(f"A body must arrive within {PATIENCE:.0f} seconds.") from error


async def _whole(receive: Receive) -> bytes:
    chunks, is_whole = [], False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        is_whole = not message.get("more_body", False)
    return b"".join(chunks)


@cache
def member_names(model: type[BaseModel]) -> frozenset[str]:
    """Every member's name that a model knows, at any depth."""
    return frozenset(_names(model.model_json_schema()))


def _names(schema: object) -> Iterator[str]:
    match schema:
        case dict():
            properties = schema.get("properties")
            yield from properties if isinstance(properties, dict) else ()
            for inner in schema.values():
                yield from _names(inner)
        case list():
            for inner in schema:
                yield from _names(inner)
        case _:
            return


def _pairs(raw: bytes) -> Iterable[tuple[str, str]]:
    """As forms are encoded (URL standard §5.1), decoded strictly; raises `FormError`."""
    try:
        decode_strictly(raw)
    except ValueError as error:
        raise FormError("The form must be percent-encoded UTF-8.") from error
    text = raw.decode("ascii")
    sent = [pair.partition("=") for pair in text.split("&") if pair]
    if len(sent) > MAX_PARAMETERS:
        raise FormError(f"A form may have {MAX_PARAMETERS} parameters; send fewer.")
    if "%" in text or "+" in text:
        return [(unquote_plus(name), unquote_plus(value)) for name, _, value in sent]
    return [(name, value) for name, _, value in sent]


def _require_media_type(request: Request, wanted: re.Pattern[str], name: str) -> None:
    sent = header_values(request.scope, b"content-type")
    if not sent or not (sent[0] == name or wanted.fullmatch(sent[0].strip())):
        raise UnsupportedMediaTypeError(f"Send the body as {name} in UTF-8.")


def _require_form(request: Request) -> None:
    try:
        _require_media_type(request, FORM, "application/x-www-form-urlencoded")
    except UnsupportedMediaTypeError as error:
        raise FormError(error.detail) from error


def _parsed(raw: bytes) -> object:
    try:
        return DECODER.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedError("The body must be JSON in UTF-8 with unique names.") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers of one body must not see two values.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated name")
    return members


def _storable_integer(digits: str) -> int:
    # Compared by length first: converting a very long number takes long.
    if len(digits) > len(str(LARGEST_INTEGER)) + 1 or abs(int(digits)) > LARGEST_INTEGER:
        raise InvalidError("A number is beyond 64 bits; send a smaller one.")
    return int(digits)


def _finite(number: str) -> float:
    value = float(number.replace("Infinity", "inf"))
    if not isfinite(value):
        raise ValueError("not a finite number")
    return value


DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_storable_integer, parse_float=_finite, parse_constant=_finite
)


def _refuse_unfit(value: object, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise InvalidError(f"The body is nested deeper than {MAX_DEPTH} levels.")
    match value:
        case str():
            if UNSTORABLE.search(value):
                raise InvalidError("A text holds NUL or a lone surrogate; leave it out.")
        case Mapping():
            for name, inner in value.items():
                _refuse_unfit(name, depth + 1)
                _refuse_unfit(inner, depth + 1)
        case list():
            for inner in value:
                _refuse_unfit(inner, depth + 1)
        case _:
            return
