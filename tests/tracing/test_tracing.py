"""One trace from the caller through us to PostgreSQL and to an issuer, and nothing secret in it."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Someone, make_tenant, ordinary_token
from callers.conftest import Provider, server
from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from impersonator_api.tracing.leaving import Screened
from impersonator_api.work import Desk
from tracing.collector import Collector, attributes, collecting

__all__ = ["server"]

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"

SERVER, CLIENT = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector, to which no proxy of this machine leads."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with collecting() as collector:
        yield collector


@pytest.fixture
def serve(database_url: str, collector: Collector, tmp_path: Path) -> Serve:
    """The application with traces on; when it has stopped, everything is sent."""

    @asynccontextmanager
    async def serving(**changed: Any) -> AsyncIterator[httpx.AsyncClient]:
        told: dict[str, Any] = {"traces_url": collector.url, "master_key": MASTER_KEY, "data_dir": tmp_path}
        app = create_app(Settings(**told | changed), database_url=database_url)
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http,
        ):
            yield http

    return serving


@pytest.fixture
async def ana(engine: AsyncEngine) -> Someone:
    return await (await make_tenant(engine)).person("ana", "super_admin")


async def test_one_trace_holds_request_statements_and_fetch(
    serve: Serve, collector: Collector, ana: Someone, server: ThreadingHTTPServer
) -> None:
    idp = Provider(server.server_address[1])
    server.provider = idp  # type: ignore[attr-defined]  # read by the handler
    await ana.tenant.issuer(idp.issuer)
    token = idp.key.token({"iss": idp.issuer, "sub": ana.external_id}, typ="at+jwt")

    async with serve() as http:
        answer = await http.get(
            "/api/admin/impersonate/sessions",
            headers={"Authorization": f"Bearer {token}", "traceparent": TRACEPARENT},
        )

    (request,) = collector.of(SERVER)
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert request.name == "GET /api/admin/impersonate/sessions"
    assert attributes(request)["http.response.status_code"] == answer.status_code
    inner = collector.of(CLIENT)
    assert {span.trace_id.hex() for span in inner} == {TRACE}
    assert {attributes(span).get("http.url") for span in inner} >= {idp.jwks_uri}
    assert any("FROM issuers" in attributes(span).get("db.statement", "") for span in inner)


async def test_the_answer_names_the_requests_span(serve: Serve, collector: Collector) -> None:
    async with serve() as http:
        answer = await http.get("/nowhere", headers={"traceparent": TRACEPARENT})

    (request,) = collector.of(SERVER)
    assert answer.headers["traceresponse"] == f"00-{TRACE}-{request.span_id.hex()}-01"


async def test_no_secret_and_no_value_leaves_with_a_span(
    serve: Serve, collector: Collector, ana: Someone, signing_desk: Desk
) -> None:
    bob = await ana.tenant.person("bob", "customer")
    headers = {"Authorization": f"Bearer {await ordinary_token(signing_desk, ana)}"}

    async with serve() as http:
        wish = {"target_user_id": str(bob.id), "reason": "a-secret-reason"}
        tokens = (await http.post("/api/admin/impersonate?q=a-secret-query", json=wish, headers=headers)).json()
        await http.get(f"/api/admin/impersonate/sessions/{tokens['session_id']}", headers=headers)
        await http.post("/oauth2/v1/introspect?token=a-secret-query", content=b"\xff", headers=headers)

    sent = b"".join(collector.bodies)
    secrets = [headers["Authorization"][7:], tokens["access_token"], tokens["refresh_token"], tokens["session_id"]]
    for secret in [*secrets, str(bob.id), ana.email, "a-secret", MASTER_KEY.get_secret_value()]:
        assert secret.encode() not in sent, secret
    assert len(collector.of(SERVER)) == 3


def test_an_error_leaves_as_its_type_and_an_address_without_its_secrets() -> None:
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Screened(memory)))
    tracer = provider.get_tracer("tests")
    known = {"http.url": "https://user:secret@idp.example/jwks?secret#secret", "db.user": "secret", "db.system": "pg"}

    with pytest.raises(KeyError), tracer.start_as_current_span("fetch", attributes=known):
        raise KeyError("secret")

    (span,) = memory.get_finished_spans()
    assert span.attributes == {"http.url": "https://idp.example/jwks", "db.system": "pg"}
    assert [event.attributes for event in span.events] == [{"exception.type": "KeyError"}]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)


async def test_only_a_share_of_what_begins_here_is_kept(serve: Serve, collector: Collector) -> None:
    async with serve(traces_share=0) as http:
        answers = [await http.get("/nowhere"), await http.get("/nowhere", headers={"traceparent": TRACEPARENT})]

    assert [answer.headers["traceresponse"][-2:] for answer in answers] == ["00", "01"]
    assert [span.trace_id.hex() for span in collector.spans] == [TRACE]


async def test_neither_balancers_nor_the_workers_rounds_are_traced(serve: Serve, collector: Collector) -> None:
    async with serve() as http:
        await http.get("/health/ready")

    assert collector.spans == []


async def test_a_collector_that_is_away_stops_nothing(serve: Serve) -> None:
    async with serve(traces_url="http://127.0.0.1:1/v1/traces") as http:
        answer = await http.get("/health/live")

    assert answer.status_code == 200


@pytest.mark.parametrize("url", ["collector:4318", "http://user:password@collector:4318/v1/traces", "grpc://c:4317"])
def test_a_place_for_traces_is_an_http_url_without_a_password(url: str) -> None:
    with pytest.raises(ValidationError, match="must be an http"):
        Settings(master_key=MASTER_KEY, traces_url=url)


@pytest.mark.parametrize("missing", ["opentelemetry.exporter", "opentelemetry.sdk"])
def test_the_start_says_what_to_install(missing: str) -> None:
    program = (
        f"import sys; sys.modules['{missing}'] = None; from impersonator_api.settings import Settings;"
        "Settings(traces_url='http://collector:4318/v1/traces')"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603

    assert "needs OpenTelemetry: pip install 'impersonator-api[otel]'" in told.stderr


def test_nothing_of_the_extra_is_loaded_when_traces_are_off() -> None:
    program = (
        "import sys; from impersonator_api.app import create_app; from impersonator_api.settings import Settings;"
        "create_app(Settings(), database_url='postgresql+asyncpg://nobody@127.0.0.1/none');"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter',"
        " 'opentelemetry.instrumentation', 'google.protobuf'))])"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert loaded.stdout.strip() == "[]"
