"""Where peers' packages are: under .bench, put there from their locks when they are first needed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".bench" / "peers"
STAMP = ".made-from"


class PackagesUnavailableError(Exception):
    """A peer's packages cannot be installed here."""


def node_program(peer: Path, script: str, *modules: str) -> list[str]:
    """The command that runs a peer's script with Node, its packages at hand."""
    node = _answer_of([ROOT / "scripts" / "node", "--install"])
    folder = installed(peer, ["package.json", "package-lock.json"], lambda place: _npm_ci(place, Path(node)))
    for name in (script, *modules):
        shutil.copy(peer / name, folder)
    return [node, str(folder / script)]


def node_versions(peer: Path, package: str) -> dict[str, str]:
    """Of Node and of the package."""
    lock = json.loads((peer / "package-lock.json").read_text())
    node = _answer_of([_answer_of([ROOT / "scripts" / "node"]), "--version"])
    return {"Node": node.removeprefix("v"), package: lock["packages"][f"node_modules/{package}"]["version"]}


def python_versions(folder: Path, *packages: str) -> dict[str, str]:
    """Of what the Python in that folder has."""
    words = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    found = _answer_of([folder / "venv/bin/python", "-c", words, *packages])
    return dict(zip(packages, found.split(), strict=True))


def python_folder(peer: Path, *modules: str) -> Path:
    """A folder with a peer's modules and, in `venv`, a Python that has its packages."""
    folder = installed(peer, ["requirements.txt"], _venv)
    for module in modules:
        shutil.copy(peer / module, folder)
    return folder


def installed(peer: Path, lock: list[str], install: Callable[[Path], None], *, into: Path = INSTALLED) -> Path:
    """The folder of a peer with what its lock says; `install` is asked where the lock has changed."""
    folder, wanted = into / peer.name, "".join((peer / name).read_text() for name in lock)
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    print(f"· installing {peer.name}'s packages into {folder}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in lock:
        shutil.copy(peer / name, folder)
    install(folder)
    # Written last, so that an interrupted installation is not taken for a whole one.
    stamp.write_text(wanted)
    return folder


def _npm_ci(folder: Path, node: Path) -> None:
    # Nothing that a package brings along runs while it is installed.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"]
    _answer_of([node.with_name("npm"), "ci", *options], folder, node.parent)


def _venv(folder: Path) -> None:
    _answer_of([sys.executable, "-m", "venv", folder / "venv"])
    options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input"]
    lock = folder / "requirements.txt"
    _answer_of([folder / "venv/bin/python", "-m", "pip", "--quiet", "install", *options, "--requirement", lock])


def _answer_of(command: list[str | Path], folder: Path = ROOT, *programs: Path) -> str:
    environment = os.environ | {"PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]])}
    done = subprocess.run(  # noqa: S603  our own words
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise PackagesUnavailableError(f"{' '.join(map(str, command))}:\n{done.stderr[-2000:]}")
    return done.stdout.strip()
