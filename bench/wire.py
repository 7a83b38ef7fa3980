"""Requests as bytes, made before anything is timed."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The headers that say who asks."""

    headers: tuple[str, ...]

    @classmethod
    def bearer(cls, token: str) -> "Credentials":
        """RFC 6750 §2.1."""
        return cls((f"Authorization: Bearer {token}",))

    @classmethod
    def basic(cls, client_id: str, secret: str) -> "Credentials":
        """RFC 6749 §2.3.1; for ids and secrets that form encoding leaves as they are."""
        return cls((f"Authorization: Basic {b64encode(f'{client_id}:{secret}'.encode()).decode()}",))

    @classmethod
    def cookies(cls, cookies: Mapping[str, str], *others: str) -> "Credentials":
        """RFC 6265 §4.2, for values that need no quotes, beside other headers that a browser sends."""
        return cls(("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()), *others))


def get(path: str, credentials: Credentials | None = None) -> bytes:
    """A request without a body."""
    return _request("GET", path, credentials)


def post_json(path: str, body: Mapping[str, object], credentials: Credentials | None = None) -> bytes:
    """A request with a JSON body."""
    return _request("POST", path, credentials, media_type="application/json", body=json.dumps(body).encode())


def post_form(path: str, form: Mapping[str, str], credentials: Credentials | None = None) -> bytes:
    """A request with a form, as OAuth's doors take it."""
    media_type = "application/x-www-form-urlencoded"
    return _request("POST", path, credentials, media_type=media_type, body=urlencode(form).encode())


def _request(
    method: str, path: str, credentials: Credentials | None, *, media_type: str | None = None, body: bytes = b""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {LOOPBACK}", "Accept: application/json"]
    if credentials is not None:
        lines += credentials.headers
    if media_type is not None:
        lines += [f"Content-Type: {media_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
