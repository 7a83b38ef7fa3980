"""Header fields that every answer carries, whatever answered."""

from collections.abc import Mapping, Sequence

from starlette.types import Message, Send

from impersonator_api.settings import Settings

Field = tuple[bytes, bytes]

ALWAYS: Sequence[Field] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)

UNLESS_SET: Sequence[Field] = (
    # Answers speak of people and hold tokens; what may be cached says so itself (JWKS, metadata).
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)

STRICT_TRANSPORT: Field = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class DressedSend:
    """Sends messages on, with our header fields on the first; `status` is what was answered, `None` until then."""

    def __init__(self, send: Send, fields: list[Field]) -> None:
        """What is added to `fields` until the answer begins goes out with it."""
        self.status: int | None = None
        self.fields = fields
        self._send = send

    async def __call__(self, message: Message) -> None:
        """Dress the start of a response; pass everything else through."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = list(message.get("headers", ()))
            names = dict(given)
            message["headers"] = [*given, *[field for field in UNLESS_SET if field[0] not in names], *self.fields]
        await self._send(message)


def fields_of(headers: Mapping[str, str]) -> list[Field]:
    """Header fields as they go out."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def always_sent(settings: Settings) -> Sequence[Field]:
    """On every answer; HSTS in production alone, where the issuer is https: it would lock a browser out of http."""
    return (*ALWAYS, STRICT_TRANSPORT) if settings.is_production else ALWAYS
