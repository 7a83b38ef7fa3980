"""What of a span leaves this process: listed attributes, and of an error its type alone.

Threat: an error's message quotes values, an address may hold a password or a token, and whoever collects traces is
seldom whoever may read those.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue
from typing_extensions import override

KEPT = frozenset(
    {
        "db.name",
        "db.namespace",
        "db.query.text",  # with $1 and $2: a statement's values are never in it
        "db.statement",
        "db.system",
        "db.system.name",
        "error.type",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.status_code",
        "net.peer.name",
        "net.peer.port",
        "net.transport",
        "network.protocol.version",
        "network.transport",
        "server.address",
        "server.port",
    }
)


def _bare(value: AttributeValue) -> AttributeValue:
    """An address without user, password, query and fragment."""
    parts = urlsplit(str(value))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


SHORTENED: Mapping[str, Callable[[AttributeValue], AttributeValue]] = {"http.url": _bare, "url.full": _bare}
"""Of what we fetch, never of what we are asked."""


class Screened(SpanExporter):
    """Passes on what may leave."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([screened(span) for span in spans])

    @override
    def shutdown(self) -> None:
        self._exporter.shutdown()

    @override
    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def screened(span: ReadableSpan) -> ReadableSpan:
    """The span with what may leave."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes or {}),
        events=[_type_of(event) for event in span.events if event.name == "exception"],
        kind=span.kind,
        # Its description would be the error's message.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    shortened = {name: shorten(attributes[name]) for name, shorten in SHORTENED.items() if name in attributes}
    return {name: value for name, value in attributes.items() if name in KEPT} | shortened


def _type_of(event: Event) -> Event:
    kind = (event.attributes or {}).get("exception.type", "")
    return Event(event.name, {"exception.type": kind}, event.timestamp)
