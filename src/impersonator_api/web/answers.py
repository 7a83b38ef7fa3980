"""What goes out: a status, header fields and a body, as bytes from the start."""

from collections.abc import Iterable

import msgspec
from starlette.responses import Response

from impersonator_api.web.headers import Field

JSON: Field = (b"content-type", b"application/json")


class Answer(Response):
    """A response that is ready: Starlette's own makes bytes of the same names and values each time."""

    def __init__(self, body: bytes = b"", fields: Iterable[Field] = (), *, status: int = 200) -> None:
        self.status_code = status
        self.body = body
        self.raw_headers = [*fields, (b"content-length", b"%d" % len(body))]
        self.background = None


def answered(body: object, fields: Iterable[Field] = (), *, status: int = 200) -> Answer:
    """A JSON answer from whatever msgspec encodes: dataclasses, mappings, texts, instants, ids."""
    return Answer(msgspec.json.encode(body), (*fields, JSON), status=status)
