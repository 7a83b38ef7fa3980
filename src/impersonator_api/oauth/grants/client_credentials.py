"""A service gets a token for itself (RFC 6749 §4.4); it never comes with a refresh token."""

from impersonator_api import tokens
from impersonator_api.directory import ClientKind
from impersonator_api.oauth.clients import authenticate
from impersonator_api.oauth.errors import InvalidScopeError, UnauthorizedClientError
from impersonator_api.oauth.grants.answer import TokenAnswer
from impersonator_api.oauth.grants.request import TokenRequest
from impersonator_api.oauth.proven_key import find_proven_key
from impersonator_api.work import Work

NAME = "client_credentials"


async def client_credentials(work: Work, request: TokenRequest) -> TokenAnswer:
    """Authenticate the client, grant the scopes it asked for, mint. One statement; a second where it signs anything."""
    found = await authenticate(work, request.presented)
    client = found.client
    if client.kind is ClientKind.SPA:
        raise UnauthorizedClientError("Only a service gets tokens for itself.")
    asked = request.scope() or client.scopes
    if not asked or not asked <= client.scopes:
        raise InvalidScopeError("Ask for scopes that the client is registered for.")
    grant = tokens.ServiceGrant(
        tenant=found.tenant.slug,
        client_id=client.client_id,
        audience=client.audience or work.settings.issuer,
        scope=asked,
        jkt=await find_proven_key(work, request, client),
    )
    return TokenAnswer(access=tokens.mint_service(work, grant, alg=client.signing_alg), scope=asked)
