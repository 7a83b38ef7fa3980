"""What one connection asks for: a generator that yields requests and is sent the bodies of their answers."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

T = TypeVar("T")

Conversation = Generator[bytes, bytes, None]
"""It may go on for ever; whoever leads it closes it when the time is over."""


def repeated(request: bytes) -> Conversation:
    """The same request again and again."""
    while True:
        yield request


def once_each(requests: Iterable[bytes], bodies: list[bytes]) -> Conversation:
    """Each request once; the bodies are kept."""
    for request in requests:
        body = yield request
        bodies.append(body)


def moving(waiting: deque[T], done: deque[T], request_of: Callable[[T], bytes]) -> Conversation:
    """One request for each thing that waits, which then is done; connections share both lines."""
    while waiting:
        thing = waiting.popleft()
        try:
            yield request_of(thing)
        except GeneratorExit:
            # The time was over before this request was sent.
            waiting.appendleft(thing)
            raise
        done.append(thing)
