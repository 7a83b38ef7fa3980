"""The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07)."""

import re
from uuid import UUID

from starlette.requests import Request

from impersonator_api.errors import MalformedError
from impersonator_api.sessions import IdempotencyKeyReusedError, IdempotencySessionOverError, Repeatable
from impersonator_api.web.openapi import Json
from impersonator_api.web.request_context import header_values

HEADER = "Idempotency-Key"
FIELD = HEADER.lower().encode()

# A structured field's string (RFC 9651 §3.3.3), or the same without its quotes, as most clients send it.
QUOTED = re.compile(r'"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"')
BARE = re.compile(r"[\x21\x23-\x7e]{1,255}")

IDEMPOTENCY_KEY: Json = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "A value of your own for this request, such as a UUID. Sent again with the same body within "
            "24 hours, it gets the same answer, and nothing is done twice.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 257},
            "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
        }
    ]
}
"""For `openapi_extra=`."""


class IdempotencyKeyMalformedError(MalformedError):
    """The header is neither a quoted nor a bare value of 1 to 255 visible ASCII characters, or it came twice."""

    code = "idempotency-key-malformed"
    title = "Malformed idempotency key"


OF_KEY = (IdempotencyKeyMalformedError, IdempotencyKeyReusedError, IdempotencySessionOverError)
"""What a door says besides where it takes a key."""


def read_key(request: Request) -> str | None:
    """The key of a request, if it has one; raises `IdempotencyKeyMalformedError`."""
    values = header_values(request.scope, FIELD)
    if not values:
        return None
    quoted, bare = QUOTED.fullmatch(values[0]), BARE.fullmatch(values[0])
    if len(values) > 1 or not (quoted or bare):
        raise IdempotencyKeyMalformedError(f"Send one {HEADER} of 1 to 255 visible ASCII characters.")
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else values[0]


def read_repeatable(request: Request, *, caller: UUID, door: str, meaning: object) -> Repeatable | None:
    """The request as one that may be sent again, where it has a key; raises `IdempotencyKeyMalformedError`."""
    key = read_key(request)
    if key is None:
        return None
    return Repeatable.of(caller=caller, door=door, key=key, meaning=meaning)
