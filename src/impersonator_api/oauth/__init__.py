"""OAuth 2.0 in our words: who the client is, and what each grant gives it."""

from impersonator_api.oauth.clients import AuthenticatedClient, KnownClients, Presented, authenticate, presented_by
from impersonator_api.oauth.errors import (
    InvalidClientError,
    InvalidOAuthRequestError,
    OAuthError,
)
from impersonator_api.oauth.grants import TokenAnswer, TokenRequest, grant_of
from impersonator_api.oauth.introspection import INACTIVE, introspect
from impersonator_api.oauth.metadata import metadata
from impersonator_api.oauth.revocation import revoke

__all__ = [
    "INACTIVE",
    "AuthenticatedClient",
    "InvalidClientError",
    "InvalidOAuthRequestError",
    "KnownClients",
    "OAuthError",
    "Presented",
    "TokenAnswer",
    "TokenRequest",
    "authenticate",
    "grant_of",
    "introspect",
    "metadata",
    "presented_by",
    "revoke",
]
