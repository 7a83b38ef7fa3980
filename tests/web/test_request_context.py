from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import httpx
import pytest

from impersonator_api.settings import Network
from impersonator_api.web.request_context import client_address, continued_trace

PROXIES: Sequence[Network] = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def scope_from(peer: str | None, *forwarded_for: str) -> dict[str, Any]:
    return {
        "client": (peer, 4711) if peer else None,
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded_for],
    }


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.9",), "192.0.2.1"),
        ("10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("6.6.6.6, 203.0.113.9, 10.0.0.2",), "203.0.113.9"),
        ("10.0.0.1", ("6.6.6.6", "203.0.113.9"), "203.0.113.9"),
        ("10.0.0.1", ("203.0.113.9:4711",), "203.0.113.9"),
        ("10.0.0.1", ("[2001:db8::7]:4711",), "2001:db8::7"),
        ("fd00::1", ("2001:db8::7%eth0",), "2001:db8::7"),
        ("::ffff:10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("203.0.113.9, unknown",), "10.0.0.1"),
        ("10.0.0.1", ("10.0.0.3, 10.0.0.2",), "10.0.0.3"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        (None, ("203.0.113.9",), None),
        ("/run/impersonator.sock", (), None),
    ],
)
def test_the_address_is_the_first_one_from_the_right_that_is_no_trusted_proxy(
    peer: str | None, forwarded_for: tuple[str, ...], address: str | None
) -> None:
    assert client_address(scope_from(peer, *forwarded_for), PROXIES) == address


def test_a_valid_traceparent_is_continued() -> None:
    trace = continued_trace({"headers": [(b"traceparent", PARENT.encode())]})

    assert trace.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert trace.span_id != "b7ad6b7169203331"
    assert trace.flags == "01"


def test_a_later_version_may_be_longer() -> None:
    trace = continued_trace({"headers": [(b"traceparent", b"01" + PARENT[2:].encode() + b"-more")]})

    assert trace.trace_id == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        [PARENT, PARENT],
        [PARENT.upper()],
        [PARENT + "-more"],
        ["ff" + PARENT[2:]],
        ["00-" + "0" * 32 + "-b7ad6b7169203331-01"],
        ["00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01"],
        [PARENT + "\n"],
    ],
)
def test_a_malformed_traceparent_is_replaced(values: list[str]) -> None:
    trace = continued_trace({"headers": [(b"traceparent", value.encode()) for value in values]})

    assert trace.trace_id != "0af7651916cd43dd8448eb211c80319c"
    assert len(trace.trace_id) == 32


async def test_a_proper_request_id_is_kept_and_answered(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/origin", headers={"X-Request-ID": "gateway-4711"})

    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "gateway-4711"


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space in", "<script>alert</script>"])
async def test_any_other_request_id_is_replaced(room: httpx.AsyncClient, given: str) -> None:
    answer = await room.get("/probe/origin", headers={"X-Request-ID": given})

    assert UUID(answer.headers["X-Request-ID"]).version == 7


async def test_the_trace_is_answered(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/origin", headers={"traceparent": PARENT})

    assert answer.json()["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert answer.headers["traceresponse"].startswith("00-0af7651916cd43dd8448eb211c80319c-")


async def test_a_user_agent_is_cut_and_cleaned(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/origin", headers=[(b"User-Agent", b"evil\x1b[31m\x85" + b"a" * 600)])

    assert answer.json()["user_agent"] == ("evil[31m" + "a" * 600)[:500]


async def test_without_a_user_agent_there_is_none(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/origin", headers={"User-Agent": ""})

    assert answer.json()["user_agent"] is None
