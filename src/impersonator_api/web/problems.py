"""How a "no" looks on the wire: problem+json (RFC 9457), or what a path prefix speaks instead."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from impersonator_api.errors import InvalidError, MalformedError, ServiceError, UnauthenticatedError
from impersonator_api.web.errors import MethodNotAllowedError, RouteNotFoundError, UnexpectedError
from impersonator_api.web.violations import violations

ErrorStyle = Callable[[ServiceError, Request], Response]
"""How one protocol words an error."""

EXPECTED = (ServiceError, RequestValidationError, HTTPException)
"""What a door raises to say no; whatever else comes out of it is a fault, and answered at the entrance."""

ErrorNote = Callable[[Scope, ServiceError], Awaitable[None]]

MEDIA_TYPE = "application/problem+json"
INTERNAL_ERROR = 500
UNAUTHENTICATED = 401


class Answers:
    """Turns whatever was raised into a response, in the words of the path it was raised on."""

    def __init__(self, styles: Mapping[str, ErrorStyle], *, note: ErrorNote) -> None:
        """`styles` maps a path prefix to its style; every other path answers problem+json.

        `note` is told of each error before it is answered, so that no failure goes uncounted.
        """
        self._styles = tuple(styles.items())
        self._note = note

    async def __call__(self, request: Request, error: Exception) -> Response:
        """Answer an error; it is also an exception handler of FastAPI."""
        told = as_told(error)
        request.scope["state"]["problem"] = told.code
        await self._note(request.scope, told)
        if told.status >= INTERNAL_ERROR:
            _log_fault(told, error)
        return self._style_of(request.scope["path"])(told, request)

    def _style_of(self, path: str) -> ErrorStyle:
        return next((style for prefix, style in self._styles if path.startswith(prefix)), problem)


def problem(error: ServiceError, request: Request) -> Response:
    """The problem document of an error, with the header fields that its status asks for."""
    body = problem_document(
        error, issuer=request.app.state.settings.issuer, request_id=request.scope["state"]["origin"].request_id
    )
    return Response(
        json.dumps(body, default=str),
        status_code=error.status,
        headers=problem_headers(error),
        media_type=MEDIA_TYPE,
    )


def problem_document(error: ServiceError, *, issuer: str, request_id: str) -> dict[str, object]:
    """RFC 9457 §3: standard members first; an extension member never takes the place of one."""
    standard: dict[str, object] = {
        "type": f"{issuer.rstrip('/')}/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": f"urn:impersonator:request:{request_id}",
        "code": error.code,
    }
    return standard | {name: value for name, value in error.members.items() if name not in standard}


def problem_headers(error: ServiceError) -> dict[str, str]:
    """Header fields an error asks for: `Retry-After`, `Allow`, `WWW-Authenticate`."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    challenge = challenge_of(error)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, MethodNotAllowedError) and "allow" in error.members:
        headers["Allow"] = str(error.members["allow"])
    return headers


def challenge_of(error: ServiceError) -> str | None:
    """What a bearer is asked for (RFC 6750 §3): without credentials no error code is given, else `invalid_token`.

    An error that asks for more (RFC 9470 §3) says so in its own attribute `challenge`.
    """
    own = getattr(error, "challenge", None)
    if own is not None or error.status != UNAUTHENTICATED:
        return own if isinstance(own, str) else None
    return "Bearer" if error.code == UnauthenticatedError.code else 'Bearer error="invalid_token"'


def as_told(error: Exception) -> ServiceError:
    """What a caller is told of any exception; of an unexpected one, nothing but that it happened."""
    match error:
        case ServiceError():
            return error
        case RequestValidationError():
            found = violations(error.errors())
            return InvalidError("The request breaks the schema; `errors` says where.", errors=found)
        case HTTPException():
            return _http_exception_told(error)
        case _:
            return UnexpectedError("Something broke on our side; the request id finds it in the log.")


def all_problems() -> dict[str, type[ServiceError]]:
    """Every code that is loaded, with the error that introduced it; its docstring is the code's meaning."""
    found: dict[str, type[ServiceError]] = {}
    for kind in _family(ServiceError):
        if "code" in vars(kind):
            found.setdefault(kind.code, kind)
    return dict(sorted(found.items()))


def _family(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("impersonator_api."):
            yield child
            yield from _family(child)


def _http_exception_told(error: HTTPException) -> ServiceError:
    match error.status_code:
        case 404:
            return RouteNotFoundError("There is nothing at this path; see /openapi.json.")
        case 405:
            taken = set((error.headers or {}).get("Allow", "").split(", "))
            allow = ", ".join(sorted(taken | {"HEAD"} if "GET" in taken else taken))
            return MethodNotAllowedError(f"This path takes {allow}.", allow=allow)
        case _:
            return MalformedError("The request cannot be read.")


def _log_fault(told: ServiceError, error: Exception) -> None:
    log = structlog.get_logger()
    if told is not error:
        log.error("unexpected error", exc_info=error)
        return
    # The first line alone: what follows may quote rows and parameters.
    cause = str(error.__cause__ or "").partition("\n")[0]
    log.warning("could not answer", problem=told.code, detail=told.detail, cause=cause)
