"""How a hot door is written: it reads the request by hand, calls one verb, and encodes the answer (ADR 0023).

FastAPI documents such a door like any other and never runs it: between a request and its function stands one look into
a dictionary. What a door refuses is answered at the entrance, as everywhere.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import APIRouter
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from impersonator_api.metrics import Sampler
from impersonator_api.settings import Settings
from impersonator_api.web.metrics import Facts
from impersonator_api.web.openapi import DocumentedService
from impersonator_api.web.rate_limits import RateLimits
from impersonator_api.web.request_context import ASKED
from impersonator_api.web.work import Office

Serve = Callable[[Request], Awaitable[Response]]
Layer = Callable[[ASGIApp], ASGIApp]


class Door:
    """One path with what serves each of its methods; `path` is what logs and metrics call it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.serves: dict[str, Serve] = {}


class Doors(APIRouter):
    """A router whose doors without parameters in their paths may be hot ones."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  FastAPI's own
        super().__init__(**options)
        self.served: list[tuple[str, str, Serve]] = []

    def hot(self, method: str, path: str, **documented: Any) -> Callable[[Serve], Serve]:  # noqa: ANN401  FastAPI's own
        """Declare a hot door; `documented` is what FastAPI takes. Its function must do its own validation."""

        def declared(serve: Serve) -> Serve:
            self.add_api_route(path, serve, methods=[method], **documented)
            self.served.append((method, self.prefix + path, serve))
            return serve

        return declared


class Shared:
    """What all requests of a process share; `office`, `facts` and `sampler` are there while the application runs."""

    settings: Settings
    rate_limits: RateLimits
    office: Office
    facts: Facts
    sampler: Sampler


class Service(DocumentedService):
    """FastAPI behind our own layers, which see every request before it does, and every answer after it."""

    state: Shared  # type: ignore[assignment]  # Starlette's takes any name, and fails first to find each

    def __init__(self, *, layers: Iterable[Layer], **options: Any) -> None:  # noqa: ANN401  FastAPI's own
        """`layers` are given from the innermost to the outermost."""
        super().__init__(**options)
        self.state = Shared()
        entered: ASGIApp = super().__call__
        for layer in layers:
            entered = layer(entered)
        self._entered = entered

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await self._entered(scope, receive, send)

    @override
    def build_middleware_stack(self) -> ASGIApp:
        stack = super().build_middleware_stack()
        # It would answer a fault before the entrance does.
        return stack.app if isinstance(stack, ServerErrorMiddleware) else stack


class StraightIn:
    """Pure ASGI: leads to a hot door where there is one for the path and method; all else goes on to FastAPI."""

    def __init__(self, app: ASGIApp, *, routers: Iterable[APIRouter]) -> None:
        self._app = app
        self._doors: dict[str, Door] = {}
        for router in routers:
            if isinstance(router, Doors):
                for method, path, serve in router.served:
                    self._doors.setdefault(path, Door(path)).serves[method] = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or pass on."""
        method = scope.get("method", "")
        if method == "HEAD":
            await self._serve_head(scope, receive, send)
            return
        door = self._doors.get(scope.get("path", ""))
        serve = None if door is None else door.serves.get(method)
        if serve is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = door
        response = await serve(Request(scope, receive))
        await response(scope, receive, send)

    async def _serve_head(self, scope: Scope, receive: Receive, send: Send) -> None:
        # RFC 9110 §9.3.2: as a GET; the server leaves the body out.
        as_get = {**scope, "method": "GET", ASKED: "HEAD"}
        try:
            await self(as_get, receive, send)
        finally:
            scope["route"] = as_get.get("route")
