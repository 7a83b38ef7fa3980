"""The one middleware: every request passes here, and every answer leaves dressed, logged and without a stack trace."""

from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from impersonator_api.logs import WHOSE
from impersonator_api.settings import Settings
from impersonator_api.web.access_log import CLIENT_WENT_AWAY, log_access
from impersonator_api.web.cors import PREFLIGHT, Cors, is_for_browsers, is_preflight
from impersonator_api.web.headers import DressedSend, always_sent
from impersonator_api.web.limits import bounded, refuse_unfit
from impersonator_api.web.problems import Answers
from impersonator_api.web.request_context import continued_trace, origin_of


class Entrance:
    """Pure ASGI, and one layer instead of five: each layer costs every request."""

    def __init__(self, app: ASGIApp, *, settings: Settings, answers: Answers) -> None:
        self._app = app
        self._trusted = settings.trusted_proxies
        self._answers = answers
        self._cors = Cors()
        self._fields = always_sent(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let an HTTP request in; anything else (lifespan) is passed on as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at = perf_counter()
        trace = continued_trace(scope)
        origin = origin_of(scope, trace, self._trusted)
        scope.setdefault("state", {})["origin"] = origin
        ids = ((b"x-request-id", origin.request_id.encode()), (b"traceresponse", trace.header.encode()))
        dressed = DressedSend(send, [*self._fields, *ids])
        whose = WHOSE.set({"request_id": origin.request_id, "trace_id": trace.trace_id})
        try:
            await self._let_in(scope, receive, dressed)
        finally:
            log_access(scope, origin, status=dressed.status or CLIENT_WENT_AWAY, started_at=started_at)
            WHOSE.reset(whose)

    async def _let_in(self, scope: Scope, receive: Receive, send: DressedSend) -> None:
        try:
            # First of all, so that a browser may read whatever is answered.
            if is_for_browsers(scope["path"]):
                send.fields += await self._cors.fields_of(scope)
            refuse_unfit(scope)
            inside = PREFLIGHT if is_preflight(scope) else self._app
            await inside(scope, bounded(receive), send)
        except ClientDisconnect:
            return
        # Whatever it is, the caller gets a problem document and never a stack.
        except Exception as error:
            if send.status is not None:
                structlog.get_logger().exception("broke off while answering")
                raise
            response = await self._answers(Request(scope, receive), error)
            await response(scope, receive, send)
