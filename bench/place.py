"""What a subject is given: a database of its own in the cluster that all share, and the server's core."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from bench.cluster import Cluster
from bench.machine import Placement
from bench.plan import Plan
from bench.server import free_port

SUPERUSER = "postgres"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one subject runs, and how much of it is measured."""

    name: str
    """Of its folder too."""
    cluster: Cluster
    placement: Placement
    plan: Plan
    whole: Path
    """The run's folder."""
    port: int = field(default_factory=free_port)

    @property
    def database(self) -> str:
        """Its name."""
        return f"bench_{self.name}"

    @property
    def dsn(self) -> str:
        """For asyncpg."""
        return self.cluster.dsn_of(self.database)

    @property
    def folder(self) -> Path:
        """For what the subject itself writes."""
        folder = self.whole / self.name
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def log(self) -> Path:
        """What its server prints."""
        return self.folder / "log"

    async def make_database(self) -> None:
        """An empty one."""
        connection = await asyncpg.connect(self.cluster.dsn)
        try:
            await connection.execute(f'CREATE DATABASE "{self.database}" TEMPLATE template0')
        finally:
            await connection.close()

    def environment(self, **own: str) -> Mapping[str, str]:
        """What a peer's server reads; as many connections to PostgreSQL as the load has to it."""
        return os.environ | {
            "NODE_ENV": "production",
            "PORT": str(self.port),
            "DATABASE_SOCKET": str(self.cluster.socket_dir),
            "DATABASE_NAME": self.database,
            "DATABASE_USER": SUPERUSER,
            "POOL": str(self.plan.connections),
            **own,
        }
