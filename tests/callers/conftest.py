"""An identity provider on loopback, as far as we need one: a place that serves a JWKS, well or badly."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Organisation, Someone, make_tenant
from conftest import Clock
from forgery import Pair, pair
from impersonator_api.callers import Caller, Credentials, IssuerKeys, UserCaller, load_caller
from impersonator_api.callers.fetching import Fetcher
from impersonator_api.directory.tables import issuers
from impersonator_api.work import Desk, Services


@dataclass
class Provider:
    """What the server answers from now on, and how often it was asked."""

    port: int
    keys: list[Pair] = field(default_factory=lambda: [pair()])
    path: str = field(default_factory=lambda: uuid4().hex)
    asked: int = 0
    status: int = 200
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.path}"

    @property
    def jwks_uri(self) -> str:
        return f"{self.issuer}/jwks"

    @property
    def key(self) -> Pair:
        """The key it signs with."""
        return self.keys[-1]

    def publish(self, *jwks: Any) -> None:
        """Serve exactly these members of `keys`."""
        self.body = json.dumps({"keys": list(jwks)}).encode()

    def answer(self) -> bytes:
        if self.body is not None:
            return self.body
        return json.dumps({"keys": [key.jwk for key in self.keys]}).encode()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        provider: Provider = self.server.provider  # type: ignore[attr-defined]  # set by the fixture
        provider.asked += 1
        time.sleep(provider.delay)
        self.send_response(provider.status)
        for name, value in provider.headers.items():
            self.send_header(name, value)
        # Some tests are about a service that does not wait so long, or does not read so much.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.end_headers()
            self.wfile.write(provider.answer())


@pytest.fixture(scope="session")
def server() -> Iterator[ThreadingHTTPServer]:
    """One server for all tests; each brings a provider of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def idp(server: ThreadingHTTPServer) -> Provider:
    """An identity provider with one ES256 key."""
    provider = Provider(server.server_address[1])
    server.provider = provider  # type: ignore[attr-defined]  # read by the handler
    return provider


@pytest.fixture
async def issuer_keys() -> AsyncIterator[IssuerKeys]:
    """The service under test, asking without any proxy that this machine may have."""
    http = httpx.AsyncClient(timeout=5, trust_env=False)
    keys = IssuerKeys(lambda: Fetcher(http, allow_loopback_http=True))
    yield keys
    await keys.aclose()


@pytest.fixture
def calling_desk(desk_with: Callable[[Services], Desk], services: Services, issuer_keys: IssuerKeys) -> Desk:
    """A desk that can mint tokens and recognise callers."""
    return desk_with(Services({**services.by_type, IssuerKeys: issuer_keys}))


class Scene:
    """A tenant that trusts a provider, and one of its users."""

    def __init__(self, desk: Desk, idp: Provider, clock: Clock, acme: Organisation, ana: Someone) -> None:
        self.desk, self.idp, self.clock, self.acme, self.ana = desk, idp, clock, acme, ana

    def claims(self, **changed: Any) -> dict[str, Any]:
        """What the provider says of the user; a claim given as `None` is left out."""
        now = int(self.clock().timestamp())
        good = {"iss": self.idp.issuer, "aud": "impersonator", "sub": self.ana.external_id, "iat": now, "exp": now + 60}
        return {name: value for name, value in (good | changed).items() if value is not None}

    async def caller(self, *, header: dict[str, Any] | None = None, **changed: Any) -> UserCaller:
        """Who comes with such a token."""
        found = await self.load(self.idp.key.token(self.claims(**changed), **header or {}))
        assert isinstance(found, UserCaller)
        return found

    async def load(self, token: str) -> Caller:
        return await self.desk.run(load_caller, Credentials(token))

    async def change_issuer(self, **values: Any) -> None:
        await self.acme.change(issuers, issuers.c.tenant_id == self.acme.id, **values)


@pytest.fixture
async def scene(engine: AsyncEngine, calling_desk: Desk, idp: Provider, clock: Clock) -> Scene:
    acme = await make_tenant(engine)
    ana = await acme.person("ana", "support")
    await acme.issuer(idp.issuer, jwks_uri=idp.jwks_uri)
    return Scene(calling_desk, idp, clock, acme, ana)
