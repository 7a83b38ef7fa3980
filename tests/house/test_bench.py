"""What the benchmark's figures rest on; `make bench-smoke` runs the whole of it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from bench.conversation import moving, repeated
from bench.limits import Limits
from bench.load import Served, measured
from bench.operation import Needs
from bench.talk import Expected, UnexpectedAnswerError
from bench.wire import get

LIMITS = Limits(
    es256_signatures=10_000,
    es256_verifications=5_000,
    rs256_signatures=1_000,
    rs256_verifications=20_000,
    reads=10_000,
    commits=5_000,
    http=20_000,
)


class Answering(asyncio.Protocol):
    """A server that answers whatever it is asked with the same words."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self.transport.write(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"active":false}')


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    yield Served(server.sockets[0].getsockname()[1], {})
    server.close()


async def test_every_answer_within_the_time_is_counted(served: Served) -> None:
    conversations = [repeated(get("/")) for _ in range(3)]

    found = await measured(served, conversations, expected=Expected(), seconds=0.05)

    assert found.answers >= 3
    assert 0 < found.p50 <= found.p99
    assert found.rate > 0


async def test_an_unexpected_answer_fails_the_measurement(served: Served) -> None:
    conversations = [repeated(get("/")) for _ in range(3)]

    with pytest.raises(UnexpectedAnswerError, match="active"):
        await measured(served, conversations, expected=Expected(words=b'"active":true'), seconds=5)


def test_a_request_that_was_never_sent_waits_again() -> None:
    waiting, done = deque([b"one", b"two"]), deque[bytes]()
    conversation = moving(waiting, done, lambda request: request)
    next(conversation)
    conversation.send(b"an answer to one")

    conversation.close()

    assert list(waiting) == [b"two"]
    assert list(done) == [b"one"]


def test_the_core_bounds_what_signs_and_reads_little() -> None:
    ceiling = LIMITS.ceiling(Needs(signatures=2, verifications=1, reads=1))

    assert ceiling == pytest.approx(1 / (1 / 20_000 + 2 / 10_000 + 1 / 5_000))


def test_the_database_bounds_what_commits_and_signs_nothing() -> None:
    ceiling = LIMITS.ceiling(Needs(reads=1, commits=1))

    assert ceiling == pytest.approx(1 / (1 / 10_000 + 1 / 5_000))
