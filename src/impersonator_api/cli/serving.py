"""`impersonator serve`: the service, until it is told to stop."""

import asyncio
import errno
import os
import socket
from typing import Annotated

import typer

from impersonator_api import tokens
from impersonator_api.app import run_server
from impersonator_api.cli.errors import PortTakenError
from impersonator_api.cli.leaving import leave_in_peace
from impersonator_api.cli.opening import Database, database_of, opened, settings_now
from impersonator_api.cli.output import examples
from impersonator_api.settings import Settings

Host = Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 for every network.")]
Port = Annotated[int, typer.Option(min=1, max=65_535, help="The TCP port to listen at.")]
Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes; one per core is a good measure.")]

LOCAL = "127.0.0.1"
USUAL_PORT = 8000


def register(app: typer.Typer) -> None:
    """Add the command."""
    lines = (
        "impersonator serve",
        "impersonator serve --host 0.0.0.0 --workers 4",
    )
    app.command(epilog=examples(*lines))(serve)


def serve(*, host: Host = LOCAL, port: Port = USUAL_PORT, workers: Workers = 1) -> None:
    """Run the service until it is told to stop (Ctrl-C, SIGTERM); requests that have begun are finished.

    Refuses a database whose schema is behind; `impersonator migrate` brings it up to date.
    """
    settings = settings_now()
    leave_in_peace()
    refuse_taken_port(host, port)
    with database_of(settings) as database:
        asyncio.run(_open_keys(settings, database))
        run_server(settings, host=host, port=port, workers=workers, database_url=database.url)


async def _open_keys(settings: Settings, database: Database) -> None:
    """Make the first signing keys and open all: a wrong master key is told here, not by each worker's traceback."""
    async with opened(settings, database) as desk:
        await desk.run_in_transaction(tokens.ensure_keys)
        await desk.run(desk.services.get(tokens.KeyRing).refresh)


def refuse_taken_port(host: str, port: int) -> None:
    """Look before anything is started; raises `PortTakenError`."""
    problem = port_problem(host, port)
    if problem is not None:
        raise PortTakenError(f"{problem}; choose another with --port, for example --port {_another(port)}.")


def url_of(host: str, port: int) -> str:
    """Where a service that listens there is found; an IPv6 address wants brackets."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def port_problem(host: str, port: int) -> str | None:
    """Why nobody could listen there, if so."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listening:
            # As the server will: a connection that has just ended does not keep the port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"Port {port} is taken by another program"
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        return f"Nobody can listen at {host} port {port} ({reason})"
    return None


def _another(port: int) -> int:
    return port + 1 if port < 65_535 else port - 1  # noqa: PLR2004  # the last port there is
