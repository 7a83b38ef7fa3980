"""`impersonator work`: the duties of time, without the doors."""

import asyncio
import signal
from typing import Annotated

import structlog
import typer

from impersonator_api import tokens, worker
from impersonator_api.cli.opening import at_desk, settings_now
from impersonator_api.cli.output import AsJson, examples, say, say_json
from impersonator_api.work import Desk

log = structlog.get_logger()

Once = Annotated[bool, typer.Option("--once", help="Do every duty once, say what was done, and end.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=examples("impersonator work", "impersonator work --once --json"))(work)


def work(*, once: Once = False, as_json: AsJson = False) -> None:
    """Write expiries down, rotate and drop keys, make partitions: what `serve` does besides, alone.

    Several may run at once; each duty is done by one of them at a time.
    """
    settings = settings_now()
    if not once:
        at_desk(_until_told, settings=settings)
        return
    done = at_desk(worker.run_once, settings=settings)
    if as_json:
        say_json(done)
        return
    for duty, count in done.items():
        say(f"· {duty}: {'done' if count is None else count}")


async def _until_told(desk: Desk) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await desk.run(desk.services.get(tokens.KeyRing).refresh)
    log.info("working until told to stop", duties=[duty.name for duty in worker.DUTIES])
    await worker.run_duties(desk, stop=stop)
