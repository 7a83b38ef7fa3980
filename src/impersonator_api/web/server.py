"""A server process, and how it goes without losing a request."""

import resource
import signal
import socket
from asyncio import get_running_loop, sleep
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.server import Server

from impersonator_api.web.wire import BoundedHttpProtocol, Connections

log = structlog.get_logger()

TICKS: Final = 10
"""Of the server's clock, a tenth of a second each, between two looks at who lets us wait."""

OTHER_FILES: Final = 256
"""Open files that are no client's connection: the database's, a log, the interpreter's own."""

MOST_FILES: Final = 65_536


class ServerConfig(Config):
    """What a server process is told, by its parent too."""

    def __init__(  # noqa: PLR0913  all of it by name, from one place
        self,
        app: str | Callable[[], ASGIApp],
        *,
        host: str,
        port: int,
        workers: int,
        drain: timedelta,
        keep_alive: timedelta,
        connections: int,
    ) -> None:
        """`drain` is how long a process still answers after it was told to go; `connections` are one process's."""
        super().__init__(
            app,
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http=BoundedHttpProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            # Only `trusted_proxies` decides whose forwarded headers are believed.
            proxy_headers=False,
            # Whole seconds for uvicorn, which hands them to the loop's clock as they are.
            timeout_keep_alive=keep_alive.total_seconds(),  # type: ignore[arg-type]
            timeout_graceful_shutdown=30,
        )
        self.drain = drain
        self.connections = connections


class DrainingServer(Server):
    """Says that it is going before it goes, so that a balancer sends its requests elsewhere.

    uvicorn closes connections that rest as soon as it is told to stop, and a client may have sent a request there a
    moment ago.
    """

    config: ServerConfig
    server_state: Connections

    def __init__(self, config: ServerConfig) -> None:
        """As many connections as the settings and the system allow."""
        super().__init__(config)
        self.server_state = Connections(min(config.connections, raise_file_limit() - OTHER_FILES))

    @override
    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS == 0:
            self.server_state.lose_patience()
        return await super().on_tick(counter)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Ctrl-C is in a hurry, and so is whoever says it twice.
        if self._captured_signals == [signal.SIGTERM]:
            await self._drain()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        now = get_running_loop().time
        log.info("draining", seconds=self.config.drain.total_seconds())
        self.server_state.drain()
        gone_at, ticks = now() + self.config.drain.total_seconds(), 0
        while now() < gone_at and len(self._captured_signals) == 1:
            await sleep(0.1)
            ticks += 1
            if ticks % TICKS == 0:
                self.server_state.lose_patience()


def run(config: ServerConfig) -> None:
    """Serve until told to stop; raises `SystemExit` where the server could not start."""
    raise_file_limit()
    if config.workers > 1:
        # One that serves alone has no use for what looks after several.
        from impersonator_api.web.workers import Workers  # noqa: PLC0415

        Workers(config, sockets=[config.bind_socket()]).run()
        return
    server = DrainingServer(config)
    server.run()
    if not server.started:
        raise SystemExit(STARTUP_FAILURE)


def raise_file_limit() -> int:
    """Let this process open as many files as the system lets it, within reason; answers how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft
