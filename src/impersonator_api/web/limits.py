"""How large a request may be, and which bytes its path, query and headers may hold."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import Message, Receive, Scope

from impersonator_api.errors import MalformedError
from impersonator_api.web.errors import BodyTooLargeError, HeadersTooLargeError, OverloadedError, UriTooLongError
from impersonator_api.web.request_context import header_values

KIBIBYTE = 1024
MAX_BODY = 64 * KIBIBYTE
MOST_DIGITS = len(str(MAX_BODY))
MAX_URI_PART = 8 * KIBIBYTE
MAX_HEADERS = 32 * KIBIBYTE
MAX_HEADER_FIELDS = 100

DRAINING: Final = "draining"
"""In a request's state where its server is about to go."""

SURPLUS: Final = "surplus"
"""In a request's state where its server has more connections than it may, and all of them are busy."""

WHOLE: Final = "whole"
"""In a request's state once its server has all of its body."""

BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def refuse_unfit(scope: Scope) -> None:
    """Raise for a request that no door should see: too large, one too many, or with bytes no text column can hold."""
    if SURPLUS in scope["state"] and not scope["path"].startswith("/health/"):
        raise OverloadedError("Too many requests are under way; try again.")
    _refuse_headers(scope["headers"])
    for length in header_values(scope, b"content-length"):
        if _is_too_large(length):
            raise _body_too_large()
    _refuse_uri_part(scope.get("raw_path") or scope["path"].encode(), "path")
    _refuse_uri_part(scope["query_string"], "query")


def bounded(receive: Receive) -> Receive:
    """The same stream, which raises `BodyTooLargeError` where it grows too large; a length can be left unsaid."""
    size = 0

    async def receive_within_bounds() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise _body_too_large()
        return message

    return receive_within_bounds


def decode_strictly(raw: bytes) -> str:
    """Percent-encoded bytes as text; raises `ValueError` for a broken escape, bytes that are not UTF-8, and NUL.

    UTF-8 has no surrogates (RFC 3629 §3), so none come out of here either.
    """
    text = raw.decode("ascii")
    if "%" in text:
        if BROKEN_ESCAPE.search(text):
            raise ValueError("is not percent-encoded")
        text = unquote_to_bytes(text).decode("utf-8")
    if "\0" in text:
        raise ValueError("holds NUL")
    return text


def _refuse_headers(headers: Sequence[tuple[bytes, bytes]]) -> None:
    if len(headers) > MAX_HEADER_FIELDS:
        raise HeadersTooLargeError(f"There may be {MAX_HEADER_FIELDS} header fields; send fewer.")
    together = b"".join(chain.from_iterable(headers))
    if len(together) > MAX_HEADERS:
        raise HeadersTooLargeError(f"The header fields together may have {MAX_HEADERS // KIBIBYTE} KiB; send fewer.")
    if 0 in together:
        raise MalformedError("A header field holds NUL; leave it out.")


def _is_too_large(content_length: str) -> bool:
    # The server has seen to it that it is a number; a very long one is not worth converting.
    digits = content_length.lstrip("0")
    return digits.isdecimal() and (len(digits) > MOST_DIGITS or int(digits) > MAX_BODY)


def _body_too_large() -> BodyTooLargeError:
    return BodyTooLargeError(f"A body may have {MAX_BODY // KIBIBYTE} KiB; send less.")


def _refuse_uri_part(raw: bytes, part: str) -> None:
    if len(raw) > MAX_URI_PART:
        raise UriTooLongError(f"The {part} may have {MAX_URI_PART // KIBIBYTE} KiB; send less.")
    try:
        decode_strictly(raw)
    except ValueError as error:
        raise MalformedError(f"The {part} must be percent-encoded UTF-8 without NUL.") from error
