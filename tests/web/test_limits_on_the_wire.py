"""How large a request may be, at a real door over a real socket; whoever is refused is told so and let go."""

from collections.abc import AsyncIterator

import pytest

from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from serving import Served, serving, talk

POST = b"POST /oauth2/v1/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNK = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"


@pytest.fixture(scope="module")
async def served(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """The real service on the shared database."""
    folder = tmp_path_factory.getbasetemp()
    app = create_app(Settings(data_dir=folder, master_key=MASTER_KEY), database_url=database_url, with_worker=False)
    async with serving(app, lifespan="on") as served:
        yield served


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([POST + FORM + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK, CHUNK, CHUNK], 413),
        ([POST + FORM + b"Content-Length: 70000\r\n\r\n"], 413),
        ([POST + b"X-Many: a\r\n" * 101 + b"\r\n"], 431),
        ([POST + b"X-Long: " + b"a" * 33 * 1024 + b"\r\n\r\n"], 431),
        ([POST.replace(b"/token", b"/token?" + b"a" * 9 * 1024) + b"\r\n"], 414),
        ([POST + FORM + b"Transfer-Encoding: chunked\r\n\r\n", b"xyz\r\n"], 400),
    ],
    ids=["chunks", "a length", "many fields", "a long field", "a long query", "no chunk at all"],
)
async def test_what_is_too_large_is_refused_and_let_go(served: Served, pieces: list[bytes], status: int) -> None:
    answer = await talk(served.port, *pieces)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
