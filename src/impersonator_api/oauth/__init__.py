"""OAuth 2.0 in our words: who the client is, and what each grant gives it."""

from impersonator_api.oauth.clients import AuthenticatedClient, Presented, authenticate, presented_by
from impersonator_api.oauth.errors import (
    InvalidClientError,
    InvalidOAuthRequestError,
    OAuthError,
)
from impersonator_api.oauth.grants import TokenAnswer, grant_of

__all__ = [
    "AuthenticatedClient",
    "InvalidClientError",
    "InvalidOAuthRequestError",
    "OAuthError",
    "Presented",
    "TokenAnswer",
    "authenticate",
    "grant_of",
    "presented_by",
]
