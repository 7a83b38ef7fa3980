"""Identifiers as they come in: checked before anything is asked about them."""

import re
from uuid import UUID

from impersonator_api.errors import MalformedError

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST = 255


class MalformedIdError(MalformedError):
    """A text that is nobody's id, whoever is looked for."""

    code = "malformed-id"
    title = "Malformed id"


def read_identifier(value: str | int) -> str:
    """A user's id or external id; an identity provider's may be any printable text, or a number."""
    text = str(value)
    if not text.strip() or len(text) > LONGEST or UNPRINTABLE.search(text):
        raise MalformedIdError("An id is 1 to 255 printable characters.")
    return text


def read_uuid(value: str) -> UUID:
    """An id that we gave, in its one spelling; raises `MalformedIdError`."""
    try:
        found = UUID(value)
    except ValueError as error:
        raise MalformedIdError("A session's id is a UUID.") from error
    if str(found) != value.lower():
        raise MalformedIdError("A session's id is a UUID.")
    return found
