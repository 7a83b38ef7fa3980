"""How far an exchanged token may reach: never further than what was given, or than the client is registered for."""

from impersonator_api import sessions
from impersonator_api.directory import Client
from impersonator_api.oauth.errors import InvalidScopeError, InvalidTargetError
from impersonator_api.oauth.exchange.request import ExchangeRequest, TokenType

OF_SERVICES = frozenset({"root", "impersonation", "introspect", "read_user", "write_user", "read_app"})
"""Scopes of a service's own token; a token in a user's name never holds them."""

PROFILE = frozenset({"profile"})


def granted_targets(client: Client, asked: ExchangeRequest, *, issuer: str) -> tuple[str, ...]:
    """The audience, which is the client's own where none is asked for; raises `InvalidTargetError`."""
    own = client.audience or issuer
    allowed = client.audiences | {own}
    if not allowed.issuperset(asked.targets):
        raise InvalidTargetError("Ask for an audience that the client is registered for.")
    # A refresh would give tokens for the client's own audience: one for another would grow into it.
    if asked.requested_token_type is TokenType.REFRESH_TOKEN and set(asked.targets) - {own}:
        raise InvalidTargetError("A refresh token is for the client's own audience.")
    return asked.targets or (own,)


def granted_scope(client: Client, asked: ExchangeRequest, *, given: frozenset[str] | None) -> frozenset[str]:
    """The scope, within what the subject token holds (`given`; `None`: a bare user id) and the client may have.

    Raises `InvalidScopeError` for more, and where nothing is left.
    """
    registered = sessions.SCOPES | client.scopes - OF_SERVICES
    allowed = registered if given is None else registered & given
    wanted = asked.scope or _usual(asked, given) & allowed
    if not wanted or not wanted <= allowed:
        raise InvalidScopeError("An exchange may narrow the scope, never widen it.")
    return wanted


def _usual(asked: ExchangeRequest, given: frozenset[str] | None) -> frozenset[str]:
    if given is not None:
        return given
    return sessions.SCOPES if asked.requested_token_type is TokenType.REFRESH_TOKEN else PROFILE
