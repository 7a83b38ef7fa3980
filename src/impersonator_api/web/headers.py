"""Header fields that every answer carries, whatever answered."""

from collections.abc import Iterable, Sequence

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

    def __init__(self, send: Send, extra: Iterable[Field]) -> None:
        self.status: int | None = None
        self._send = send
        self._extra = extra

    async def __call__(self, message: Message) -> None:
        """Dress the start of a response; pass everything else through."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._dressed(message.get("headers", ()))
        await self._send(message)

    def _dressed(self, given: Iterable[Field]) -> list[Field]:
        headers = list(given)
        names = {name.lower() for name, _ in headers}
        headers += [field for field in UNLESS_SET if field[0] not in names]
        headers += ALWAYS
        headers += self._extra
        return headers


def transport_headers(settings: Settings) -> Sequence[Field]:
    """HSTS in production, where the issuer is https; in development it would lock a browser out of http."""
    return (STRICT_TRANSPORT,) if settings.is_production else ()
