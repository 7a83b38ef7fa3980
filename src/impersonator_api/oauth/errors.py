"""What the token endpoint says no with, in the words of RFC 6749 §5.2."""

from typing import ClassVar

from impersonator_api.errors import ServiceError


class OAuthError(ServiceError):
    """An error on the OAuth doors; `error` is the RFC's word, and `code` is the same with dashes."""

    status = 400
    error: ClassVar[str] = "invalid_request"
    code = "invalid-request"
    title = "Invalid request"


class InvalidOAuthRequestError(OAuthError):
    """A parameter is missing, repeated or malformed, or two ways of client authentication were used at once."""

    error = "invalid_request"
    code = "oauth-invalid-request"
    title = "Invalid request"


class InvalidClientError(OAuthError):
    """Client authentication failed (RFC 6749 §5.2); which part of it is not told."""

    status = 401
    error = "invalid_client"
    code = "oauth-invalid-client"
    title = "Invalid client"


class InvalidGrantError(OAuthError):
    """The refresh token is invalid, expired, revoked, or another client's."""

    error = "invalid_grant"
    code = "oauth-invalid-grant"
    title = "Invalid grant"


class InvalidDpopProofError(OAuthError):
    """A DPoP proof that does not hold, or none where the client or the refresh token demands one (RFC 9449 §5)."""

    error = "invalid_dpop_proof"
    code = "oauth-invalid-dpop-proof"
    title = "Invalid DPoP proof"


class UnauthorizedClientError(OAuthError):
    """The client may not use this grant."""

    error = "unauthorized_client"
    code = "oauth-unauthorized-client"
    title = "Unauthorized client"


class UnsupportedGrantTypeError(OAuthError):
    """No such grant here."""

    error = "unsupported_grant_type"
    code = "oauth-unsupported-grant-type"
    title = "Unsupported grant type"


class InvalidScopeError(OAuthError):
    """An unknown scope, or more than was granted."""

    error = "invalid_scope"
    code = "oauth-invalid-scope"
    title = "Invalid scope"


class InvalidTargetError(OAuthError):
    """An audience or resource that the client may not ask for (RFC 8693 §2.2.2, RFC 8707 §2)."""

    error = "invalid_target"
    code = "oauth-invalid-target"
    title = "Invalid target"


class ExchangeRefusedError(InvalidOAuthRequestError):
    """A subject or actor token that is bad, or that law or policy refused: `invalid_request` (RFC 8693 §2.2.2)."""

    code = "oauth-exchange-refused"
    title = "Token exchange refused"
