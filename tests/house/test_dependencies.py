"""Every direct dependency has its reason in docs/dependencies.md and its hashes in the lock."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

pytestmark = pytest.mark.docs


def _names(requirements: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {match.group().lower().replace("_", "-") for match in found if match}


RUNTIME = _names(PROJECT["project"]["dependencies"])
REDIS = _names(PROJECT["project"]["optional-dependencies"]["redis"])
OTEL = _names(PROJECT["project"]["optional-dependencies"]["otel"])
EMBEDDED = _names(PROJECT["project"]["optional-dependencies"]["embedded"])
DEV = _names(PROJECT["dependency-groups"]["dev"])
NODE = _names(PROJECT["dependency-groups"]["node"])
IN_JAVASCRIPT = ("tests/clients", "bench/peers/better_auth", "bench/peers/oidc_provider")
HIJACK = ROOT / "bench/peers/django_hijack"
PEERS = _names((HIJACK / "requirements.in").read_text().splitlines()[1:])


def _asked_for(folder: str) -> set[str]:
    return set(json.loads((ROOT / folder / "package.json").read_text())["dependencies"])


JAVASCRIPT = set[str]().union(*map(_asked_for, IN_JAVASCRIPT))


def _documented() -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)


def _locked(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def _pins(name: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9._-]+==[^\s;]+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def test_each_direct_dependency_has_one_row_and_each_row_a_dependency() -> None:
    assert sorted(_documented()) == sorted(RUNTIME | OTEL | REDIS | EMBEDDED | DEV | NODE | JAVASCRIPT | PEERS)


def test_the_runtime_lock_holds_what_runs_in_production_and_nothing_of_development() -> None:
    locked = _locked("runtime.txt")

    assert locked >= RUNTIME | OTEL | REDIS
    assert not locked & (EMBEDDED | DEV)


def test_the_dev_lock_holds_everything() -> None:
    assert _locked("dev.txt") >= RUNTIME | OTEL | REDIS | EMBEDDED | DEV | _names(PROJECT["build-system"]["requires"])


def test_the_dev_lock_tests_the_versions_that_run_in_production() -> None:
    assert _pins("runtime.txt") <= _pins("dev.txt")


def test_the_image_is_built_by_the_versions_that_development_uses() -> None:
    assert PROJECT["dependency-groups"]["build"] == PROJECT["build-system"]["requires"]
    assert _pins("build.txt") | _pins("uv.txt") <= _pins("dev.txt")


@pytest.mark.parametrize(
    "lock",
    [*(ROOT / "requirements").glob("*.txt"), HIJACK / "requirements.txt"],
    ids=lambda lock: lock.relative_to(ROOT).as_posix(),
)
def test_locks_hold_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()

    assert "://" not in text
    assert all("--hash=sha256:" in block for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:])


@pytest.mark.parametrize("folder", IN_JAVASCRIPT)
def test_locks_of_javascript_hold_hashes_and_no_address(folder: str) -> None:
    locked = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]

    own, *packages = locked.values()

    assert own["dependencies"].keys() == _asked_for(folder)
    assert all("integrity" in package for package in packages)
    assert "://" not in json.dumps(locked)
