"""How large a request may be, at a real door over a real socket; whoever is refused is told so and let go."""

from collections.abc import AsyncIterator
from itertools import pairwise

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


@pytest.mark.parametrize("cuts", [(), (5,), (0, 5, 9)], ids=["with the head", "in two", "in three, behind the head"])
async def test_a_body_is_read_whole_however_it_comes(served: Served, cuts: tuple[int, ...]) -> None:
    form = b"grant_type=unheard-of&client_id=x"
    request = POST + FORM + b"Content-Length: %d\r\n\r\n" % len(form) + form
    ends = [len(request) - len(form) + cut for cut in cuts]

    answer = await talk(served.port, *[request[a:b] for a, b in pairwise([0, *ends, len(request)])])

    assert b'"unsupported_grant_type"' in answer
