"""Conversations side by side on connections of their own, and what they measured."""

import asyncio
import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from time import perf_counter

from bench.conversation import Conversation, once_each
from bench.cpu import Usage, usage
from bench.talk import Expected, Talk
from bench.wire import LOOPBACK

ANY = Expected()
"""Nothing but a 200."""
PATIENCE = 60.0
"""Seconds that a measurement may take beyond its own; a server that hangs must not hang us."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What so many connections saw together in one go."""

    answers: int
    rate: float
    """Answers per second."""
    p50: float
    """Seconds."""
    p99: float
    """Seconds."""
    cpu: Usage
    """Seconds of CPU per answer."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server to measure: its port on loopback, and the processes that work for it, by name."""

    port: int
    processes: Mapping[str, int]


async def measured(
    served: Served, conversations: Sequence[Conversation], *, expected: Expected, seconds: float
) -> Measurement:
    """Hold all conversations at once for so many seconds; raises `UnexpectedAnswerError`."""
    talks = [await _connected(served.port, each, expected) for each in conversations]
    with _without_collector():
        before, begun_at = usage(served.processes), perf_counter()
        await _held(talks, seconds=seconds)
        after = usage(served.processes)
    return _summed(talks, begun_at, {name: after[name] - before[name] for name in before})


async def answers_of(
    port: int, requests: Sequence[bytes], *, connections: int, expected: Expected = ANY
) -> list[bytes]:
    """The bodies of answers to requests that nobody times; by more than one connection in any order."""
    waiting, bodies = iter(requests), list[bytes]()
    talks = [await _connected(port, once_each(waiting, bodies), expected) for _ in range(connections)]
    await _held(talks, seconds=PATIENCE)
    return bodies


async def _held(talks: Sequence[Talk], *, seconds: float) -> None:
    """Hold all of them to their ends; where one fails, all are given up."""
    ends_at = perf_counter() + seconds
    for talk in talks:
        talk.begin(ends_at=ends_at)
    try:
        async with asyncio.timeout(seconds + PATIENCE):
            await asyncio.gather(*(talk.over for talk in talks))
    finally:
        for talk in talks:
            talk.abandon()


async def _connected(port: int, conversation: Conversation, expected: Expected) -> Talk:
    loop = asyncio.get_running_loop()
    _, talk = await loop.create_connection(lambda: Talk(conversation, expected), LOOPBACK, port)
    return talk


def _summed(talks: Sequence[Talk], begun_at: float, used: Usage) -> Measurement:
    latencies = sorted(chain.from_iterable(talk.latencies for talk in talks))
    count = len(latencies)
    return Measurement(
        answers=count,
        rate=count / (max(talk.ended_at for talk in talks) - begun_at),
        p50=latencies[count // 2],
        p99=latencies[count * 99 // 100],
        cpu={name: seconds / count for name, seconds in used.items()},
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Our own garbage collector would lengthen the slowest answers."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
