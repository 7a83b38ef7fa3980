"""Giving a token back (RFC 7009); an impersonation's token takes its session with it."""

from collections.abc import Mapping
from contextlib import suppress

from impersonator_api import sessions
from impersonator_api.oauth.clients import Presented, identify
from impersonator_api.oauth.errors import InvalidGrantError, InvalidOAuthRequestError, OAuthError
from impersonator_api.oauth.presented_token import find_presented
from impersonator_api.sessions.errors import SessionUnknownError
from impersonator_api.work import Work


class UnsupportedTokenTypeError(OAuthError):
    """RFC 7009 §2.2.1: a service's own token has no state here; it runs out by itself within the hour."""

    error = "unsupported_token_type"
    code = "oauth-unsupported-token-type"
    title = "Unsupported token type"


async def revoke(work: Work, *, presented: Presented, parameters: Mapping[str, str]) -> None:
    """End the session of a token of the client's own: refresh and access tokens die at once.

    §2.2: an unknown or dead token is a success, so nobody can probe for live ones.
    """
    if "token" not in parameters:
        raise InvalidOAuthRequestError("The parameter token is missing.")
    token = await find_presented(work, parameters["token"])
    found = await identify(work, presented)
    if token is None:
        return
    if token.claims.load_text("client_id") != found.client.client_id:
        raise InvalidGrantError("The token was issued to another client; it was not revoked.")
    if token.session_id is None:
        raise UnsupportedTokenTypeError("A token without a session cannot be revoked; it expires by itself.")
    with suppress(SessionUnknownError):
        await sessions.revoke(work, session_id=token.session_id, by=found.client.label)
