"""Why somebody is not let in."""

from impersonator_api.errors import MalformedError, Refusal, UnavailableError


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
