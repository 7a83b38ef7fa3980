"""One line for each request: what was asked of which route, how it ended and how long it took."""

from time import perf_counter

from starlette.types import Scope

from impersonator_api.logs import current_logger
from impersonator_api.metrics import answered
from impersonator_api.work import Origin

CLIENT_WENT_AWAY = 499
"""What proxies log where nobody was left to answer."""


def log_access(scope: Scope, origin: Origin, *, status: int, started_at: float) -> None:
    """Write the line, and count. The route is its template: a path or a query may hold a name or a token."""
    seconds, route, method = perf_counter() - started_at, route_of(scope), scope["method"]
    answered(route, method, status, seconds)
    code = scope["state"].get("problem")
    problem = {"problem": code} if code else {}
    took = int(seconds * 10_000) / 10
    say = current_logger().info
    say("request", method=method, route=route, status=status, duration_ms=took, ip=origin.ip, **problem)


def route_of(scope: Scope) -> str | None:
    """The matched route's template, `None` where no route matched."""
    return getattr(scope.get("route"), "path", None)
