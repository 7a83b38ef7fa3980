"""Thousands of connections that ask nothing: others are answered, memory stays bounded, and they are let go."""

import asyncio
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from bad_days.conftest import Serve, Tell, Town
from bench.wire import LOOPBACK, get

CONNECTIONS = 10_000
SILENT = 1_000
FILES = CONNECTIONS + 1_000
KEEP_ALIVE = 20
KIBIBYTE = 1024

ROOM = {"MAX_CONNECTIONS": "20000", "KEEP_ALIVE": f"PT{KEEP_ALIVE}S", "LOG_LEVEL": "warning"}
LITTLE_ROOM = {"MAX_CONNECTIONS": "500", "LOG_LEVEL": "warning"}


@pytest.fixture
def many_files() -> None:
    """Let this process, and what it starts, open as many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        # Root may raise it, anybody else is told.
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    elif soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))


@contextmanager
def closing() -> Iterator[list[socket.socket]]:
    """A list of sockets that are closed in the end."""
    sockets: list[socket.socket] = []
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


def connect(port: int, sockets: list[socket.socket], *, asking: int, silent: int = 0) -> None:
    """Open so many; some ask once and rest then, some never ask."""
    request = get("/health/live")
    for number in range(asking + silent):
        # One address has some 28 000 ports, and the last tests may still hold some.
        source = f"127.0.0.{2 + number // 2_500}"
        sockets.append(socket.create_connection((LOOPBACK, port), timeout=30, source_address=(source, 0)))
        if number < asking:
            sockets[-1].sendall(request)
    for each in sockets[:asking]:
        with suppress(ConnectionError):
            each.recv(4096)
    for each in sockets:
        each.settimeout(0)


def held(sockets: list[socket.socket]) -> int:
    """How many the other side has not closed."""
    return sum(map(_is_open, sockets))


def _is_open(each: socket.socket) -> bool:
    try:
        while each.recv(4096):
            continue
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return False


async def let_go(sockets: list[socket.socket], *, seconds: float) -> float:
    """Wait until all are closed; answers how many seconds that took."""
    began = time.monotonic()
    while held(sockets):
        assert time.monotonic() - began < seconds, f"{held(sockets)} are still there"
        await asyncio.sleep(0.5)
    return time.monotonic() - began


@pytest.mark.usefixtures("many_files")
async def test_ten_thousand_resting_connections_hold_up_nobody_and_are_let_go(
    serve: Serve, town: Town, tell: Tell
) -> None:
    async with serve(settings=ROOM) as service:
        crowd, memory = town.crowd(service), service.memory
        with closing() as sockets:
            await asyncio.to_thread(connect, service.port, sockets, asking=CONNECTIONS - SILENT, silent=SILENT)
            held_at_once, grown = held(sockets), service.memory - memory
            async with crowd.at_work() as seen:
                await crowd.all_answered_since(time.monotonic(), seconds=5)
            seconds = await let_go(sockets, seconds=KEEP_ALIVE + 10)
    tell(f"{held_at_once} held in {grown / 1024 / KIBIBYTE:.0f} MiB, all gone after {seconds:.0f} s; {seen.words}")

    assert held_at_once == CONNECTIONS
    assert not seen.unanswered, seen.kinds
    assert grown < CONNECTIONS * 16 * KIBIBYTE


async def test_beyond_the_limit_those_that_rest_longest_go_and_nobody_who_asks(serve: Serve, town: Town) -> None:
    async with serve(settings=LITTLE_ROOM) as service:
        crowd = town.crowd(service)
        with closing() as sockets:
            async with crowd.at_work() as seen:
                await asyncio.to_thread(connect, service.port, sockets, asking=2_000)
                await crowd.all_answered_since(time.monotonic(), seconds=5)
                first, last = held(sockets[:1_000]), held(sockets[-100:])

    assert (first, last) == (0, 100)
    assert not seen.unanswered, seen.kinds
