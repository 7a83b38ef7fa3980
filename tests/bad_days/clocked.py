"""The service with a wall clock that somebody else sets: `clocked.py FILE --port N`.

Nothing in the service reads the wall clock but through its parameter `clock`, so this one is everything that it sees of
time; what it measures waiting with is the system's monotonic clock, as ever.
"""

import mmap
import signal
import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from impersonator_api.app import create_app
from impersonator_api.logs import configure_logging
from impersonator_api.settings import load_settings
from impersonator_api.web import server

SECONDS = struct.Struct("d")


class SetClock:
    """The system's clock, and what it is wrong by: seconds in a file that two processes share."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(SECONDS.pack(0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), SECONDS.size)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=SECONDS.unpack(self._shared[:])[0])

    def be_wrong_by(self, **span: float) -> None:
        """Jump."""
        self._shared[:] = SECONDS.pack(timedelta(**span).total_seconds())


def main(path: str, port: int) -> None:
    settings = load_settings()
    configure_logging(settings)
    assert settings.database_url is not None
    app = create_app(settings, database_url=settings.database_url.get_secret_value(), clock=SetClock(Path(path)))
    server.run(
        server.ServerConfig(
            lambda: app,
            host="127.0.0.1",
            port=port,
            workers=1,
            drain=settings.drains_for,
            keep_alive=settings.keep_alive,
            connections=settings.max_connections,
        )
    )


if __name__ == "__main__":
    # uvicorn raises the signal again that it was stopped by.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main(sys.argv[1], int(sys.argv[sys.argv.index("--port") + 1]))
