"""How a process is told to go, and what it finishes first."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HELD = (signal.SIGINT, signal.SIGTERM)

Handler = Callable[[int, FrameType | None], object] | int | None


def leave_on_signals() -> None:
    """Let SIGTERM end a command as Ctrl-C does: whatever was opened is closed again."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def leave_in_peace() -> None:
    """For a server: being told to stop is how it always ends, so it is no failure.

    uvicorn finishes its requests and then raises the signal once more, which comes here. A closed terminal
    counts as being told to stop.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    for number in HELD:
        signal.signal(number, leave)
    signal.signal(signal.SIGHUP, lambda _number, _frame: signal.raise_signal(signal.SIGTERM))


@contextmanager
def signals_held() -> Iterator[None]:
    """Hear signals only afterwards: what is half started cannot be stopped."""
    came: list[int] = []
    before: dict[signal.Signals, Handler] = {}
    for each in HELD:
        before[each] = signal.signal(each, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    for number in came[:1]:
        signal.raise_signal(number)
