"""Where a cluster lies, and what makes a place unfit for one."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

DATABASE: Final = "impersonator"
OWNER: Final = "postgres"
SERVICE_LOGIN: Final = "impersonator"
SERVICE_ROLE: Final = "impersonator_service"
MAJOR: Final = "18"
SYSTEM_USER: Final = "pgserver"
SOCKET: Final = ".s.PGSQL.5432"
# unix(7): sun_path is 108 bytes on Linux and 104 on macOS, the last one a NUL.
LONGEST_SOCKET_PATH: Final = 107 if sys.platform == "linux" else 103
SECONDS_TO_START: Final = 60


class EmbeddedUnavailable(Exception):  # noqa: N818  a state, and the words that follow say what to do about it
    """There can be no embedded PostgreSQL here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cluster lies, and who may enter."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data folder, and its socket's."""
        return self.data_dir / "postgres"

    @property
    def log(self) -> Path:
        """What the server says about itself."""
        return self.cluster / "server.log"

    @property
    def mutex(self) -> Path:
        """Locked while somebody starts or stops."""
        return self.data_dir / "postgres.lock"

    @property
    def users(self) -> Path:
        """Locked, shared, by everybody who uses the cluster."""
        return self.data_dir / "postgres.users"

    def url(self, login: str) -> str:
        """SQLAlchemy's URL of our database on this cluster's socket."""
        return f"postgresql+asyncpg://{login}@/{DATABASE}?host={quote(str(self.cluster), safe='/')}"


def refuse_what_cannot_work(place: Place) -> None:
    if sys.platform == "win32":
        raise EmbeddedUnavailable("Embedded PostgreSQL needs Linux or macOS; set IMPERSONATOR_DATABASE_URL instead.")
    socket_path = place.cluster / SOCKET
    length = len(os.fsencode(socket_path))
    if length > LONGEST_SOCKET_PATH:
        raise EmbeddedUnavailable(
            f"{socket_path} has {length} bytes and a Unix socket's path at most {LONGEST_SOCKET_PATH}. "
            "Set IMPERSONATOR_DATA_DIR to a shorter path, or IMPERSONATOR_DATABASE_URL to a server of your own."
        )
    # A comma separates several hosts in a connection URL.
    if re.search(r"[,\x00-\x1f]", str(place.cluster)):
        raise EmbeddedUnavailable(f"{place.data_dir} has a comma or a control character; set IMPERSONATOR_DATA_DIR.")


def refuse_other_versions(place: Place) -> None:
    version = (place.cluster / "PG_VERSION").read_text().strip()
    if version != MAJOR:
        raise EmbeddedUnavailable(
            f"{place.cluster} was made by PostgreSQL {version}, and PostgreSQL {MAJOR} is installed. "
            "It is development data: move the folder away and start again, or dump and restore it."
        )
