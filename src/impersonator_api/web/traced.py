"""The outermost layer where traces are on: a request's span, in the trace of whoever asks."""

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impersonator_api.web.access_log import CLIENT_WENT_AWAY, route_of
from impersonator_api.web.request_context import TRACE, Trace, header_values

if TYPE_CHECKING:
    from impersonator_api.tracing.tracing import Tracing

UNTRACED = ("/health/", "/metrics")
"""What balancers and Prometheus ask all day long."""


class Traced:
    """Pure ASGI."""

    def __init__(self, app: ASGIApp, *, tracing: "Tracing") -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Trace a request; its place in the trace is also what logs and audit remember."""
        if scope["type"] != "http" or scope["path"].startswith(UNTRACED):
            await self._app(scope, receive, send)
            return
        status = CLIENT_WENT_AWAY

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracing.request(scope["method"], _carried(scope)) as span:
            scope.setdefault("state", {})[TRACE] = Trace(span.trace_id, span.span_id, span.flags)
            try:
                await self._app(scope, receive, noting)
            finally:
                span.answered(method=scope["method"], route=route_of(scope), status=status)


def _carried(scope: Scope) -> dict[str, str]:
    """W3C Trace Context §3.2: of two parents none counts, while `tracestate` may come in parts."""
    parents, states = header_values(scope, b"traceparent"), header_values(scope, b"tracestate")
    if len(parents) != 1:
        return {}
    return {"traceparent": parents[0], **({"tracestate": ",".join(states)} if states else {})}
