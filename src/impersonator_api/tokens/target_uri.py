"""Whether two addresses are one, though they be spelt differently (RFC 3986 §6.2.2, §6.2.3)."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
PLAIN = re.compile(r"[!-~]+")


def normalised(uri: str) -> str | None:
    """An address of http in its one spelling, without query and fragment (RFC 9449 §4.3 no. 9), or `None`."""
    if not PLAIN.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    named = "" if port in {None, DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{_host(parts)}{named}{_path(parts.path)}"


def _host(parts: SplitResult) -> str:
    # `hostname` is in lower case by now, and lost the brackets of IPv6.
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _path(path: str) -> str:
    escaped = ESCAPE.sub(_shortest, path)
    return "/" + "/".join(_without_dots(escaped.split("/")[1:]))


def _shortest(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if UNRESERVED.fullmatch(character) else escape[0].upper()


def _without_dots(segments: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return kept if segments and segments[-1] not in {".", ".."} else [*kept, ""]
