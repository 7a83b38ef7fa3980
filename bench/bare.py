"""The least that an HTTP server in Python can do: the same uvicorn, and no application. `python -m bench.bare PORT`."""

import sys
from typing import TYPE_CHECKING

import uvicorn

from bench.wire import LOOPBACK

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

BODY = b'{"status":"alive"}'


async def application(_scope: "Scope", _receive: "ASGIReceiveCallable", send: "ASGISendCallable") -> None:
    """Answer whatever comes."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": BODY, "more_body": False})


if __name__ == "__main__":
    uvicorn.run(application, host=LOOPBACK, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off")
