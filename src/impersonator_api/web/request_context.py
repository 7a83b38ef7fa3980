"""Who asks from where, and under which ids a request is remembered in logs, sessions and the audit."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from random import getrandbits

from msgspec import Struct
from starlette.types import Scope
from uuid_utils import uuid7

from impersonator_api.settings import Network
from impersonator_api.work import Origin

Address = IPv4Address | IPv6Address

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MAX_USER_AGENT = 500
ASKED = "asked"
"""Under this name the scope of a HEAD, which is served as a GET, holds what it was."""

FIELDS = "fields"
"""Under this name a request's scope holds its header fields by their names, once anybody has asked for one."""

TRACE = "trace"
"""Under this name a request's state holds its place in a trace, where something outside has given it one."""


class Trace(Struct, frozen=True):
    """Our place in a distributed trace (W3C Trace Context, version 00)."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @property
    def header(self) -> str:
        """As a header field spells it."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def method_of(scope: Scope) -> str:
    """The method that was sent; doors themselves know no HEAD."""
    method: str = scope.get(ASKED) or scope["method"]
    return method


def origin_of(scope: Scope, trace: Trace, trusted: Sequence[Network]) -> Origin:
    """What sessions and the audit remember of a request."""
    return Origin(
        request_id=_request_id(scope),
        trace_id=trace.trace_id,
        ip=client_address(scope, trusted),
        user_agent=_user_agent(scope),
    )


def continued_trace(scope: Scope) -> Trace:
    """The caller's trace where its `traceparent` is valid, else a new one (W3C Trace Context §3.2)."""
    given: Trace | None = scope.get("state", {}).get(TRACE)
    if given is not None:
        return given
    values = header_values(scope, b"traceparent")
    found = TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
    # Such ids have to be others each time, and are no secret: the system need not be asked for them.
    made = getrandbits(192).to_bytes(24, "big").hex()
    if found is None or not _is_valid(*found.groups()):
        return Trace(made[:32], made[32:])
    return Trace(found[2], made[32:], f"{int(found[4], 16) & 1:02x}")


def client_address(scope: Scope, trusted: Sequence[Network]) -> str | None:
    """Where the request really comes from: the first address, read from the right, that is no trusted proxy.

    Whatever stands to the left of it in `X-Forwarded-For` was written by somebody we do not trust.
    """
    peer = scope.get("client")
    if peer is None or not trusted:
        return None if peer is None else _spelled(peer[0])
    address = _parsed(peer[0])
    if address is None:
        return None
    for hop in _hops_from_right(scope):
        if not any(address in network for network in trusted):
            break
        behind = _parsed(hop)
        if behind is None:
            break
        address = behind
    return str(address)


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Every value a header field has; a field of one value may arrive several times."""
    by_name = scope.get(FIELDS)
    if by_name is None:
        by_name = scope[FIELDS] = dict(scope["headers"])
    if name not in by_name:
        return []
    if len(by_name) == len(scope["headers"]):
        return [by_name[name].decode("latin-1")]
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _request_id(scope: Scope) -> str:
    values = header_values(scope, b"x-request-id")
    if len(values) == 1 and REQUEST_ID.fullmatch(values[0]):
        return values[0]
    return str(uuid7())


def _user_agent(scope: Scope) -> str | None:
    values = header_values(scope, b"user-agent")
    if not values:
        return None
    sent = values[0]
    return (sent if sent.isprintable() else CONTROL_CHARACTERS.sub("", sent))[:MAX_USER_AGENT] or None


def _is_valid(version: str, trace_id: str, parent_id: str, _flags: str, rest: str | None) -> bool:
    known_or_longer = version != "ff" and (version != "00" or rest is None)
    return known_or_longer and trace_id.strip("0") != "" and parent_id.strip("0") != ""


def _hops_from_right(scope: Scope) -> Iterator[str]:
    yield from reversed(",".join(header_values(scope, b"x-forwarded-for")).split(","))


@lru_cache(maxsize=4096)
def _spelled(text: str) -> str | None:
    address = _parsed(text)
    return None if address is None else str(address)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Address | None:
    """An address as proxies write it: with a port, in brackets, with a zone; `None` for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # PostgreSQL's inet knows no zones.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
