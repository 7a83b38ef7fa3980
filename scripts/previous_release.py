"""Runs the last release's own tests on the schema of this checkout, which that release must go on running on.

`python scripts/previous_release.py [REVISION]`; the release is the latest tag `v*`. Where there is none yet, it says so
and exits with 77.
"""

import asyncio
import os
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from impersonator_api import embedded
from impersonator_api.migrate import migrate

NONE_YET = 77
TEMPLATE = "impersonator_next"

COMPARING = (
    "tests/house/test_migrations.py",
    "tests/house/test_expand_contract.py",
    "tests/operations/test_migrating.py",
)
"""These hold that release's schema against its own tables; an expansion has added to it."""


def main() -> int:
    """Find the release, make its schema the next one's, and let its tests judge."""
    release = sys.argv[1] if len(sys.argv) > 1 else last_release()
    if release is None:
        print("There is no release yet, so nothing runs that a migration could break. The first tag v* starts this.")
        return NONE_YET
    with tempfile.TemporaryDirectory(prefix="release") as name, embedded.temporary() as cluster:
        folder = Path(name)
        archive = subprocess.run(["git", "archive", release], check=True, stdout=subprocess.PIPE).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        server = make_url(cluster.owner_url).set(database="postgres").render_as_string(hide_password=False)
        asyncio.run(make_template(server))
        print(f"· {release}'s tests on this checkout's schema", flush=True)
        return tested(folder, server)


def last_release() -> str | None:
    """The latest tag that is a version."""
    words = ["git", "describe", "--tags", "--match", "v[0-9]*", "--abbrev=0"]
    found = subprocess.run(words, check=False, capture_output=True, text=True)
    return found.stdout.strip() or None


async def make_template(server: str) -> None:
    """A database with the schema of this checkout, for the release's tests to copy."""
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {TEMPLATE} ENCODING 'UTF8' TEMPLATE template0"))
    await engine.dispose()
    await migrate(make_url(server).set(database=TEMPLATE).render_as_string(hide_password=False))


def tested(folder: Path, server: str) -> int:
    """Set the release up as its own documents say, and run its tests; their exit code."""
    subprocess.run(["make", "--no-print-directory", "setup"], cwd=folder, check=True)
    places = {"IMPERSONATOR_TEST_DATABASE_URL": server, "IMPERSONATOR_TEST_TEMPLATE": TEMPLATE}
    words = [".venv/bin/pytest", "-n", "auto", "--dist", "loadfile", "-q", "--no-header", "-m", "not docs"]
    leave_out = [word for path in COMPARING for word in ("--deselect", path)]
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([*words, *leave_out], cwd=folder, env=inherited | places, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
