"""Several server processes at one port, and how they are kept alive."""

import os
import signal
import socket
import time
from contextlib import suppress
from typing import Final

import structlog
from typing_extensions import override
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from impersonator_api.web.server import DrainingServer, ServerConfig

log = structlog.get_logger()

HANGS: Final = 30.0
"""Seconds in which a worker must have answered its parent."""


class WorkerProcess(Process):
    """One of several processes at the same port."""

    config: ServerConfig

    def __init__(self, config: ServerConfig, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._answered_at = time.monotonic()

    @override
    def always_pong(self) -> None:
        """Answer the parent, and go when it is gone: else nobody could replace this process, or take its port."""
        # The parent's end came along; as long as it is open here, nobody hears that it is closed there.
        self.parent_conn.close()
        parent = os.getppid()
        with suppress(EOFError, OSError):
            super().always_pong()
        # A parent that lets its workers go closes its end as well, and waits for them.
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    @property
    def is_well(self) -> bool:
        """Whether it lives, and has answered not too long ago; on a busy machine a start takes its time."""
        if not self.process.is_alive():
            return False
        if self.ping(timeout=1):
            self._answered_at = time.monotonic()
        return time.monotonic() - self._answered_at < HANGS

    @property
    @override
    def server(self) -> DrainingServer:
        if not isinstance(self._server, DrainingServer):
            self._server = DrainingServer(self.config)
        return self._server


class Workers(Multiprocess):
    """Starts the processes, replaces those that die or hang, and lets all of them go."""

    config: ServerConfig
    processes: list[WorkerProcess]  # type: ignore[assignment]  # the only kind that is made here

    @override
    def init_processes(self) -> None:
        self.processes = [self._started() for _ in range(self.processes_num)]

    @override
    def terminate_all(self) -> None:
        super().terminate_all()
        # Else connections would be taken in here for nobody, once the last worker has closed its own.
        for each in self.sockets:
            each.close()

    @override
    def keep_subprocess_alive(self) -> None:
        for index, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if process.is_well:
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                # It would fail the same way again.
                log.error("worker cannot start")
                self.should_exit.set()
                return
            log.error("worker died", pid=process.pid, exit_code=process.exitcode)
            self.processes[index] = self._started()

    @override
    def handle_hup(self) -> None:
        # A closed terminal.
        self.should_exit.set()

    @override
    def handle_ttin(self) -> None:
        """The settings say how many; nothing is added by signal."""

    @override
    def handle_ttou(self) -> None:
        """Nor taken away."""

    def _started(self) -> WorkerProcess:
        process = WorkerProcess(self.config, self.sockets)
        process.start()
        return process
