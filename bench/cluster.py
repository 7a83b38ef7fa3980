"""The PostgreSQL that all share: embedded, durable, on the cores beside the server's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from impersonator_api import embedded

# A laptop's defaults but for these: no checkpoint in the middle of one operation and none of another.
SETTINGS = {"max_wal_size": "8GB", "checkpoint_timeout": "30min", "shared_buffers": "512MB"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that runs, and how to reach it."""

    owner_url: str
    service_url: str
    socket_dir: Path
    pid: int

    @property
    def dsn(self) -> str:
        """For asyncpg, without SQLAlchemy: as the superuser, in a database that nobody else uses."""
        return self.dsn_of("postgres")

    def dsn_of(self, database: str) -> str:
        """The same in another database."""
        return f"postgresql://postgres@/{database}?host={self.socket_dir}"


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster in that folder; `fsync` and `synchronous_commit` are on, as PostgreSQL has them."""
    server = embedded.start(folder, settings=SETTINGS)
    try:
        yield Cluster(
            owner_url=server.owner_url,
            service_url=server.service_url,
            socket_dir=server.socket_dir,
            pid=int((server.socket_dir / "postmaster.pid").read_text().split()[0]),
        )
    finally:
        server.stop()
