"""One trace from the caller through us to PostgreSQL and to issuers, by OpenTelemetry.

The request's span is made here, because ready-made ones write down paths and queries, and those hold names and ids.
Statements and fetches are OpenTelemetry's own, at the driver and at the HTTP client, so that none goes past them; what
may leave of any span is in `leaving.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode, TraceFlags, format_span_id, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from impersonator_api import __version__
from impersonator_api.tracing.leaving import Screened
from impersonator_api.tracing.sampling import of_requests

LONGEST = 8192
"""Characters of an attribute: more than any of our statements has."""

SERVER_ERROR = 500
W3C = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True)
class RequestSpan:
    """The span of one request, and our place in its trace."""

    span: Span

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return format_trace_id(self.span.get_span_context().trace_id)

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return format_span_id(self.span.get_span_context().span_id)

    @property
    def flags(self) -> str:
        """Two hexadecimal digits: whether somebody collects it."""
        return f"{self.span.get_span_context().trace_flags & TraceFlags.SAMPLED:02x}"

    def answered(self, *, method: str, route: str | None, status: int) -> None:
        """Tell how the request ended; the route is its template."""
        self.span.update_name(f"{method} {route}" if route else method)
        self.span.set_attribute("http.response.status_code", status)
        if route:
            self.span.set_attribute("http.route", route)
        if status >= SERVER_ERROR:
            self.span.set_status(StatusCode.ERROR)


class Tracing:
    """Traces one process while it runs."""

    def __init__(self, url: str, *, share: float, exporter: SpanExporter | None = None) -> None:
        """Send to that address; of the traces that begin here, only that share."""
        self._url, self._exporter = url, exporter
        known = OTELResourceDetector().detect().attributes
        self._provider = TracerProvider(
            sampler=of_requests(share),
            resource=Resource({SERVICE_NAME: "impersonator", "service.version": __version__, **known}),
            span_limits=SpanLimits(max_attribute_length=LONGEST),
            shutdown_on_exit=False,
        )
        self._tracer = self._provider.get_tracer("impersonator_api", __version__)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Trace statements and fetches too, and send everything in batches; the last one before it ends."""
        exporter = self._exporter or OTLPSpanExporter(endpoint=self._url)
        self._provider.add_span_processor(BatchSpanProcessor(Screened(exporter)))
        instrumentors = (AsyncPGInstrumentor(), HTTPXClientInstrumentor())
        for each in instrumentors:
            each.instrument(tracer_provider=self._provider)
        try:
            yield
        finally:
            for each in instrumentors:
                each.uninstrument()
            await asyncio.to_thread(self._provider.shutdown)

    @contextmanager
    def request(self, method: str, carried: Mapping[str, str]) -> Iterator[RequestSpan]:
        """The span of a request, in the trace that its header fields carry on (W3C Trace Context), or in a new one."""
        with self._tracer.start_as_current_span(
            method,
            context=W3C.extract(carried),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield RequestSpan(span)
