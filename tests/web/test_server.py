"""The server as it runs: processes, sockets, signals."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

START = dedent("""
    import signal, sys
    from impersonator_api.app import run_server
    from impersonator_api.settings import load_settings
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port, workers, url = sys.argv[1:]
    run_server(load_settings(), host="127.0.0.1", port=int(port), workers=int(workers), database_url=url)
""")

GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /oauth2/v1/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /oauth2/v1/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX-Bad: a\x00b\r\n\r\n",
    b"CONNECT impersonator:443 HTTP/1.1\r\nHost: x\r\n\r\n",
]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
async def server(
    request: pytest.FixtureRequest, fresh_database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A server in processes of its own, and where it listens."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, str(port), str(request.param), fresh_database_url,
        env=os.environ | {"IMPERSONATOR_DATA_DIR": str(tmp_path), "IMPERSONATOR_LOG_FORMAT": "json"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    await listening(url)
    yield url, process
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        await process.communicate()


async def listening(url: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while True:
            try:
                await client.get(f"{url}/health/live")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


async def raw_answer(url: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(request)
    async with asyncio.timeout(10):
        first = await reader.readline()
    writer.close()
    return first


@pytest.mark.slow
async def test_it_serves_and_stops_when_told(server: tuple[str, asyncio.subprocess.Process]) -> None:
    url, process = server
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{url}/health/ready")

    process.send_signal(signal.SIGTERM)
    _, log = await process.communicate()

    assert answer.json()["status"] == "ready"
    assert "server" not in answer.headers
    assert process.returncode == 0
    assert b"Traceback" not in log


@pytest.mark.slow
@pytest.mark.parametrize("server", [1], indirect=True)
async def test_garbage_on_the_wire_is_the_callers_fault(server: tuple[str, asyncio.subprocess.Process]) -> None:
    url, process = server

    answers = [await raw_answer(url, request) for request in GARBAGE]

    assert [answer for answer in answers if not answer.startswith(b"HTTP/1.1 4")] == []
    process.send_signal(signal.SIGTERM)
    _, log = await process.communicate()
    assert b"Traceback" not in log
