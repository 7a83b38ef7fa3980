import json
import logging
from collections.abc import Iterator

import httpx
import pytest
import structlog

from impersonator_api.logs import REDACTED, configure_logging, redacted
from impersonator_api.settings import LogFormat, Settings

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

Lines = list[dict[str, object]]


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


@pytest.fixture
def for_machines() -> None:
    """Logging as in production."""
    configure_logging(Settings(log_format=LogFormat.JSON))


def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        f"Authorization: Bearer {TOKEN}",
        "Basic Y2xpZW50OnNlY3JldA==",
        "Bearer opaque-0123456789",
        "grant_type=refresh_token&refresh_token=hunter2hunter2",
        "client_secret=hunter2hunter2&scope=root",
        '{"impersonatorToken": "hunter2hunter2"}',
        "postgresql+asyncpg://service:hunter2hunter2@db/impersonator",
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_redacted(secret: str) -> None:
    told = str(redacted(f"before {secret} after"))

    assert REDACTED in told
    assert not any(part in told for part in ("eyJ", "hunter2", "Y2xp", "opaque-0", "MIGH"))
    assert told.startswith("before ")


@pytest.mark.parametrize(
    "name", ["authorization", "Cookie", "client_secret", "refresh_token", "password", "MASTER_KEY"]
)
def test_what_is_called_a_secret_is_redacted_however_deep(name: str) -> None:
    assert redacted({"outer": [{name: "hunter2"}]}) == {"outer": [{name: REDACTED}]}


def test_what_is_no_secret_stays() -> None:
    line = {"route": "/probe/{id}", "status": 200, "token_type": "Bearer", "ok": True, "ip": None}

    assert redacted(line) == line


@pytest.mark.usefixtures("for_machines")
def test_a_traceback_holds_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().error("oops", exc_info=ValueError(f"refused {TOKEN}"))

    (line,) = lines(capsys)
    assert "ValueError: refused [redacted]" in str(line["exception"])
    assert "eyJ" not in str(line)


@pytest.mark.usefixtures("for_machines")
def test_the_standard_librarys_loggers_speak_alike(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("uvicorn.error").info("connected to %s", "postgresql://u:hunter2@db/x")

    (line,) = lines(capsys)
    assert (line["event"], line["logger"]) == ("connected to postgresql://[redacted]@db/x", "uvicorn.error")


def test_a_person_gets_a_line_without_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format=LogFormat.CONSOLE))

    structlog.get_logger().info("request", status=200, cookie="hunter2")

    printed = capsys.readouterr().err
    assert "[info" in printed
    assert "status=200" in printed
    assert "hunter2" not in printed


def test_a_quieter_level_keeps_lines_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format=LogFormat.JSON, log_level="warning"))

    structlog.get_logger().info("request")

    assert lines(capsys) == []


@pytest.mark.usefixtures("for_machines")
async def test_each_request_is_one_line_with_its_route_and_never_its_query(
    room: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.get("/problems/conflict?token=hunter2", headers={"X-Request-ID": "request-4711"})

    (line,) = lines(capsys)
    assert (line["method"], line["route"], line["status"]) == ("GET", "/problems/{code}", 200)
    assert (line["request_id"], line["ip"]) == ("request-4711", "127.0.0.1")
    assert "hunter2" not in str(line)
    assert {"duration_ms", "trace_id"} <= line.keys()


@pytest.mark.usefixtures("for_machines")
async def test_a_problem_is_in_the_line(room: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    await room.get("/probe/conflict")

    assert [line.get("problem") for line in lines(capsys)] == ["conflict"]


@pytest.mark.usefixtures("for_machines")
async def test_a_fault_is_logged_once_with_its_traceback_and_without_secrets(
    room: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.get("/probe/broken", headers={"X-Request-ID": "request-4711"})

    fault, request = lines(capsys)
    assert "RuntimeError" in str(fault["exception"])
    assert fault["request_id"] == request["request_id"] == "request-4711"
    assert "eyJ" not in str(fault)


@pytest.mark.usefixtures("for_machines")
async def test_ids_of_one_request_do_not_stay_for_the_next_line(
    room: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.get("/health/live")
    structlog.get_logger().info("afterwards")

    assert "request_id" not in lines(capsys)[-1]
