"""OAuth 2.0 in our words: who the client is, and what each grant gives it."""

from impersonator_api.oauth.clients import AuthenticatedClient, Presented, authenticate, presented_by
from impersonator_api.oauth.errors import (
    InvalidClientError,
    InvalidOAuthRequestError,
    OAuthError,
    UnsupportedGrantTypeError,
)
from impersonator_api.oauth.grants import GRANTS, TokenAnswer

__all__ = [
    "GRANTS",
    "AuthenticatedClient",
    "InvalidClientError",
    "InvalidOAuthRequestError",
    "OAuthError",
    "Presented",
    "TokenAnswer",
    "UnsupportedGrantTypeError",
    "authenticate",
    "presented_by",
]
