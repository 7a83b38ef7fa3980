"""What clients and verifiers look up: our endpoints and our public keys."""

from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from impersonator_api import oauth
from impersonator_api.tokens import KeyRing
from impersonator_api.web.doors import Doors
from impersonator_api.web.errors import RouteNotFoundError
from impersonator_api.web.examples.discovery import KEYS
from impersonator_api.web.examples.story import ISSUER
from impersonator_api.web.openapi import answer_documented
from impersonator_api.web.request_context import header_values
from impersonator_api.web.work import office_of

router = Doors(prefix="/.well-known", tags=["discovery"])


@router.get(
    "/oauth-authorization-server",
    summary="What this authorization server offers",
    responses=answer_documented({"ours": oauth.metadata(ISSUER)}),
)
async def authorization_server(request: Request) -> JSONResponse:
    """The metadata document (RFC 8414)."""
    settings = office_of(request.scope).settings
    max_age = int(settings.jwks_max_age.total_seconds())
    return JSONResponse(oauth.metadata(settings.issuer), headers={"Cache-Control": f"public, max-age={max_age}"})


@router.get("/oauth-authorization-server/{path:path}", include_in_schema=False)
async def authorization_server_of_path(path: str, request: Request) -> JSONResponse:
    """The same where the issuer has a path: RFC 8414 §3.1 puts that at the end of the document's address."""
    if f"/{path}" != urlsplit(office_of(request.scope).settings.issuer).path.rstrip("/"):
        raise RouteNotFoundError("The issuer has another path; see IMPERSONATOR_ISSUER.")
    return await authorization_server(request)


@router.hot(
    "GET",
    "/jwks.json",
    summary="Public keys",
    responses=answer_documented({"one key": KEYS}) | {304: {"description": "Not changed since that ETag."}},
)
async def jwks(request: Request) -> Response:
    """The keys that verify our tokens (RFC 7517): those in use, those to come, and those that may still be needed."""
    office = office_of(request.scope)
    ring = office.services.get(KeyRing).snapshot
    max_age = ring.cacheable_for(office.settings.jwks_max_age, now=office.pattern.clock())
    headers = {"ETag": ring.etag, "Cache-Control": f"public, max-age={int(max_age.total_seconds())}"}
    if _holds(",".join(header_values(request.scope, b"if-none-match")), ring.etag):
        return Response(status_code=304, headers=headers)
    return Response(ring.jwks, media_type="application/json", headers=headers)


def _holds(if_none_match: str, etag: str) -> bool:
    # RFC 9110 §13.1.2: a list, compared weakly; a proxy that compresses makes a strong validator weak.
    held = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return not held.isdisjoint({etag, "*"})
