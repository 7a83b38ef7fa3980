"""Why somebody is not let in."""

from impersonator_api.errors import MalformedError, Refusal, UnavailableError
from impersonator_api.tokens import InvalidTokenError
from impersonator_api.tokens.errors import PROOF_ALGORITHMS

NOT_SO = f'DPoP error="invalid_token", algs="{PROOF_ALGORITHMS}"'
"""The challenge to whoever sends a token as it must not be sent (RFC 9449 §7.1)."""


class TokenInQueryError(MalformedError):
    """A token in a URL lands in logs, histories and Referer headers (RFC 6750 §2.3, RFC 9700 §4.3.2)."""

    code = "token-in-query"
    title = "Token in the query string"


class SeveralCredentialsError(MalformedError):
    """Two identities in one request; guessing which is meant is how proxies and services come to disagree."""

    code = "several-credentials"
    title = "Several credentials"


class CsrfError(Refusal):
    """A cookie came along with a request that another site may have made."""

    code = "csrf"
    title = "Cross-site request refused"


class CallerUnknownError(Refusal):
    """The token is good and names nobody in the directory."""

    code = "caller-unknown"
    title = "Caller unknown"


class CallerSuspendedError(Refusal):
    """The caller, or the whole organisation, may take no part."""

    code = "caller-suspended"
    title = "Caller suspended"


class IssuerKeysUnavailableError(UnavailableError):
    """An issuer's keys cannot be fetched, and the one in question is not known yet."""

    code = "issuer-keys-unavailable"
    title = "Issuer's keys unavailable"


class TokenBoundError(InvalidTokenError):
    """A token that is bound to a key came without a proof of it, as it would from a thief (RFC 9449 §7.1)."""

    code = "token-bound"
    title = "Token bound to a key"
    challenge = NOT_SO


class TokenNotBoundError(InvalidTokenError):
    """A proof came with a token that anybody may bear; it proves nothing."""

    code = "token-not-bound"
    title = "Token not bound to a key"
    challenge = NOT_SO
