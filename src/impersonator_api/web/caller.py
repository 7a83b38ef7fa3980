"""Who is calling: from a request's headers to whoever a story is told for."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

from impersonator_api import sessions
from impersonator_api.callers import Credentials, ServiceCaller, UserCaller, find_credentials
from impersonator_api.sessions import Ender, Reader, Starter
from impersonator_api.tokens import SentProofs
from impersonator_api.web.rate_limits import rate_limits_of
from impersonator_api.web.request_context import header_values, method_of
from impersonator_api.web.work import DeskDep, office_of
from impersonator_api.work import Desk


async def credentials_of(request: Request) -> Credentials | None:
    """The request's bearer token, or the cookie's where the CSRF guard holds; never one in the URL.

    Raises `TooManyAttemptsError` before anything is looked up.
    """
    scope = request.scope
    credentials = find_credentials(
        authorization_values=header_values(scope, b"authorization"),
        cookie_values=header_values(scope, b"cookie"),
        proofs=SentProofs(header_values(scope, b"dpop"), method_of(scope), _own_url(scope)),
        # All values together: of two that differ, none may pass for the browser's own.
        sec_fetch_site=", ".join(header_values(scope, b"sec-fetch-site")) or None,
        query_has_token=bool(scope["query_string"]) and "access_token" in request.query_params,
    )
    if credentials is not None:
        await rate_limits_of(scope).refuse_failing(scope, credentials)
    return credentials


def _own_url(scope: Scope) -> str:
    """Where a client sent a request to, as far as we know ourselves: proxies rewrite hosts, never the issuer."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    return f"{office_of(scope).settings.issuer.rstrip('/')}{path}"


CredentialsDep = Annotated[Credentials | None, Depends(credentials_of)]


async def starter_of(desk: DeskDep, credentials: CredentialsDep) -> Starter:
    """Whoever may start impersonations."""
    return await desk.run(sessions.admit_starter, credentials=credentials)


async def ender_of(desk: DeskDep, credentials: CredentialsDep) -> Ender:
    """Whoever may end them."""
    return await desk.run(sessions.admit_ender, credentials=credentials)


async def reader_of(desk: DeskDep, credentials: CredentialsDep) -> Reader:
    """Whoever may look at them."""
    return await desk.run(sessions.admit_reader, credentials=credentials)


def service_with(scope: str) -> Callable[[Desk, Credentials | None], Awaitable[ServiceCaller]]:
    """For `Depends`: a service whose token holds that scope, or root."""

    async def service_of(desk: DeskDep, credentials: CredentialsDep) -> ServiceCaller:
        return await desk.run(sessions.admit_service, credentials=credentials, scope=scope)

    return service_of


async def anybody_of(desk: DeskDep, credentials: CredentialsDep) -> UserCaller | ServiceCaller:
    """Whoever comes as himself."""
    return await desk.run(sessions.admit_anybody, credentials=credentials)


AnybodyDep = Annotated[UserCaller | ServiceCaller, Depends(anybody_of)]
StarterDep = Annotated[Starter, Depends(starter_of)]
EnderDep = Annotated[Ender, Depends(ender_of)]
ReaderDep = Annotated[Reader, Depends(reader_of)]
HandingOutDep = Annotated[ServiceCaller, Depends(service_with("impersonation"))]
UserReadingDep = Annotated[ServiceCaller, Depends(service_with("read_user"))]
UserWritingDep = Annotated[ServiceCaller, Depends(service_with("write_user"))]
AppReadingDep = Annotated[ServiceCaller, Depends(service_with("read_app"))]
