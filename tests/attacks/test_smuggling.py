"""A request hidden in another one's body is never taken for a request."""

import pytest

from serving import hello, serving, talk

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %s\r\n"
BY_LENGTH = b"Content-Length: %d\r\n\r\n" % len(HIDDEN)
IN_CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(HIDDEN)


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"anything"])
@pytest.mark.parametrize("framing", [BY_LENGTH, IN_CHUNKS], ids=["by length", "in chunks"])
async def test_a_body_that_comes_with_an_upgrade_is_no_request(protocol: bytes, framing: bytes) -> None:
    async with serving(hello) as served:
        heard = await talk(served.port, UPGRADE % protocol + framing, HIDDEN)

    assert heard.startswith(b"HTTP/1.1 400")
    assert heard.count(b"HTTP/1.1 ") == 1


async def test_an_upgrade_without_a_body_is_not_heard() -> None:
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    async with serving(hello) as served:
        heard = await talk(served.port, UPGRADE % b"h2c" + b"\r\n", last)

    assert heard.count(b"HTTP/1.1 200") == 2
