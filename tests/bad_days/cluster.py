"""A PostgreSQL that loses nothing of what it has committed, and what can happen to it."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bad_days.processes import adopt_orphans, bury, children_of, has_ended
from impersonator_api import embedded
from impersonator_api.embedded.programs import find_programs

SETTINGS = {"max_connections": "120", "shared_buffers": "32MB", "log_min_messages": "fatal"}
"""As PostgreSQL has them otherwise: `fsync`, `synchronous_commit` and `full_page_writes` are on."""

SECONDS = "60"


class Cluster:
    """A durable cluster in a folder of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        adopt_orphans()
        self._server = embedded.start(folder, settings=settings)
        self._programs = find_programs()
        self.folder = self._server.socket_dir
        self._log = self.folder / "server.log"

    @property
    def owner_url(self) -> str:
        """The superuser's way in."""
        return self._server.owner_url

    @property
    def pid(self) -> int:
        """Of the postmaster."""
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    @property
    def user(self) -> tuple[int, int]:
        """The system user and group that it runs as."""
        found = self.folder.stat()
        return found.st_uid, found.st_gid

    @property
    def is_running(self) -> bool:
        """Whether there is a postmaster."""
        try:
            return not has_ended(self.pid)
        except FileNotFoundError:
            return False

    @property
    def log(self) -> str:
        """What it said."""
        return self._log.read_text(errors="replace")

    async def restart(self, mode: str) -> None:
        """Stop and start it, `fast` or `immediate`; return when it takes connections."""
        await asyncio.to_thread(self._pg_ctl, "restart", "-m", mode)

    async def kill(self) -> None:
        """What the power cut does to its processes: all of them end at once, in the middle of whatever it is."""
        postmaster = self.pid
        # It must not give birth while we count its children.
        os.kill(postmaster, signal.SIGSTOP)
        everybody = [postmaster, *children_of(postmaster)]
        for pid in everybody:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in everybody:
            await asyncio.to_thread(bury, pid)

    async def start(self) -> None:
        """Start it after it was killed; it recovers from its log, and returns when it takes connections."""
        await asyncio.to_thread(self._pg_ctl, "start")

    def stop(self) -> None:
        """For good."""
        self._server.stop()

    def _pg_ctl(self, *words: str) -> None:
        try:
            self._programs.run("pg_ctl", [*words, "-w", "-t", SECONDS, "-D", str(self.folder), "-l", str(self._log)])
        except embedded.EmbeddedUnavailable as error:
            error.add_note(self.log[-2000:])
            raise
