"""The demo, as a newcomer runs it: started, its lines copied into a shell, stopped, started again."""

import json
import re
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from cli.processes import Running, has_postgres, running

pytestmark = pytest.mark.slow

LAST_WORDS = "Ctrl-C stops the service and its database."
STEP = re.compile(r"^· (.+?) +(\d+\.\d) s$", re.MULTILINE)
BASH = shutil.which("bash") or "bash"


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Not pytest's own: its path is too long for a socket."""
    with TemporaryDirectory(prefix="imp", dir="/tmp") as name:
        yield Path(name, "data")


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def demo(data_dir: Path, port: int) -> Iterator[Running]:
    """The first start, on an empty folder."""
    with running("demo", "--port", port, data_dir=data_dir) as command:
        command.wait_for(LAST_WORDS)
        yield command


def _guide(demo: Running) -> str:
    lines = demo.said.split("# 1. ", 1)[1].split("\nAPI documentation", 1)[0]
    # The server's log stands between its lines.
    return "# 1. " + "\n".join(line for line in lines.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line))


def _pasted(demo: Running) -> list[dict[str, Any]]:
    """Copy all lines into a shell, as they are; the answers in their order."""
    shell = subprocess.run(  # noqa: S603  the very lines the demo printed
        [BASH, "-eu"], input=_guide(demo), capture_output=True, text=True, check=True, timeout=60
    )
    return [json.loads(line) for line in shell.stdout.splitlines()]


def _ends_well(demo: Running, data_dir: Path) -> None:
    assert demo.told(signal.SIGTERM) == 0
    assert not has_postgres(data_dir)


def test_each_step_is_told_with_its_seconds(demo: Running, port: int) -> None:
    steps = [name for name, _ in STEP.findall(demo.said)]

    assert steps == [
        "embedded PostgreSQL",
        "schema",
        "signing keys",
        "demo realm",
        f"serving at http://127.0.0.1:{port}",
    ]


def test_every_line_works_as_it_is_printed(demo: Running) -> None:
    started, seen, traded, refreshed, listed, ended, dead, handed, exchanged = _pasted(demo)

    assert started["target_user"]["email"] == seen["email"] == "carla@acme.test"
    assert seen["sid"] == started["session_id"]
    assert len({answer["access_token"] for answer in (started, traded, refreshed)}) == 3
    assert started["session_id"] in {session["id"] for session in listed["sessions"]}
    assert ended["session_id"] == started["session_id"]
    assert dead["code"] == "invalid-token"
    assert handed["refresh_token"]
    assert exchanged["active"]
    assert exchanged["impersonated_by"] == started["session"]["impersonator_id"]


def test_the_services_secret_is_for_nobody_else_to_read(demo: Running, data_dir: Path) -> None:
    secret = data_dir / "demo-secret"

    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text() in demo.said


@pytest.mark.usefixtures("demo")
def test_a_second_demo_beside_it_is_told_to_take_another_port(data_dir: Path, port: int) -> None:
    with running("demo", "--port", port, data_dir=data_dir) as second:
        second.wait_for("error[port-taken]")

        assert "--port" in second.said


@pytest.mark.usefixtures("demo")
def test_doctor_sees_the_service_that_runs(data_dir: Path, port: int) -> None:
    with running("doctor", "--port", port, data_dir=data_dir) as doctor:
        doctor.wait_for(f"This service answers at {port}.")


def test_told_to_stop_it_finishes_and_takes_its_database_along(demo: Running, data_dir: Path) -> None:
    _ends_well(demo, data_dir)


def test_started_again_everything_is_there_and_the_lines_work(data_dir: Path, port: int) -> None:
    with running("demo", "--port", port, data_dir=data_dir) as again:
        again.wait_for(LAST_WORDS)

        assert len(_pasted(again)) == 9
        assert again.told(signal.SIGINT) == 0
        assert not has_postgres(data_dir)


def test_the_duties_of_time_alone_end_as_well_as_the_service(data_dir: Path) -> None:
    with running("work", data_dir=data_dir) as working:
        working.wait_for("working until told to stop")

        _ends_well(working, data_dir)


def test_several_workers_serve_one_embedded_database(data_dir: Path, port: int) -> None:
    with running("serve", "--port", port, "--workers", "2", data_dir=data_dir) as service:
        service.wait_for("Application startup complete")

        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
        _ends_well(service, data_dir)
