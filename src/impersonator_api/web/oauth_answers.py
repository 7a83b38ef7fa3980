"""What the answers of all OAuth doors have in common: header fields, and errors in the words of RFC 6749 §5.2."""

from collections.abc import Sequence
from typing import Any

from impersonator_api.database import DatabaseAwayError, UnstorableValueError
from impersonator_api.errors import (
    ConcurrentChangeError,
    ConflictError,
    LimitError,
    MalformedError,
    ServiceError,
    UnauthenticatedError,
    UnavailableError,
)
from impersonator_api.oauth import OAuthError
from impersonator_api.oauth import errors as oauth
from impersonator_api.oauth.revocation import UnsupportedTokenTypeError
from impersonator_api.policy.errors import UnreadablePolicyError
from impersonator_api.tokens.errors import SigningKeyMissingError
from impersonator_api.web.answers import Answer, answered
from impersonator_api.web.errors import BodyTooLargeError, BodyTooSlowError, FormError, TooManyAttemptsError
from impersonator_api.web.headers import Field, fields_of
from impersonator_api.web.idempotency import IdempotencyKeyMalformedError
from impersonator_api.web.openapi import Json, headers_documented, oauth_error_documented
from impersonator_api.web.problems import problem_headers

Errors = tuple[type[ServiceError], ...]

NO_STORE: Sequence[Field] = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
"""RFC 6749 §5.1."""

OF_ANY: Errors = (
    oauth.InvalidOAuthRequestError,
    FormError,
    MalformedError,
    UnstorableValueError,
    oauth.InvalidClientError,
    BodyTooSlowError,
    BodyTooLargeError,
    TooManyAttemptsError,
    ConcurrentChangeError,
    DatabaseAwayError,
    UnreadablePolicyError,
)

OF_TOKEN: Errors = (
    *OF_ANY,
    LimitError,
    oauth.InvalidDpopProofError,
    oauth.InvalidGrantError,
    oauth.InvalidScopeError,
    oauth.InvalidTargetError,
    oauth.ExchangeRefusedError,
    oauth.UnauthorizedClientError,
    oauth.UnsupportedGrantTypeError,
    IdempotencyKeyMalformedError,
    SigningKeyMissingError,
)

OF_REVOKE: Errors = (*OF_ANY, oauth.InvalidGrantError, UnsupportedTokenTypeError)


def oauth_errors_documented(*errors: type[ServiceError]) -> dict[int | str, Json]:
    """For `responses=`: the errors of a door by the status they are answered with, each with an example."""
    documented: dict[int | str, Json] = {}
    for error in errors:
        happened = error()
        response = documented.setdefault(_status(happened), oauth_error_documented())
        response.update(headers_documented(error))
        (content,) = response["content"].values()
        content["examples"][error.code] = {"value": _body(happened)}
        words = sorted({example["value"]["error"] for example in content["examples"].values()})
        response["description"] = "; ".join(f"`{word}`" for word in words)
    return documented


def oauth_error(error: ServiceError) -> Answer:
    """Any error on these doors as RFC 6749 §5.2 says it; a fault of ours is never the client's grant."""
    headers, body = problem_headers(error), _body(error)
    if error.status == UnauthenticatedError.status:
        # RFC 6749 §5.2 asks for the scheme the client used; ours is always Basic. There are clients that tell of a
        # challenge and not of the body, so it says why as well.
        why = ", ".join(f'{name}="{value}"' for name, value in body.items())
        headers["WWW-Authenticate"] = f'Basic realm="impersonator", {why}'
    return answered(body, (*NO_STORE, *fields_of(headers)), status=_status(error))


def _body(error: ServiceError) -> dict[str, Any]:
    return {"error": _word(error), "error_description": _printable(error.detail)}


def _word(error: ServiceError) -> str:
    if isinstance(error, OAuthError):
        return error.error
    # The one word of RFC 6749 that means "later" (§4.1.2.1). With `invalid_grant` clients would throw their tokens
    # away, and `slow_down` belongs to the device grant (RFC 8628 §3.5).
    if isinstance(error, UnavailableError | ConflictError | LimitError):
        return "temporarily_unavailable"
    return "server_error" if error.status == ServiceError.status else "invalid_request"


def _status(error: ServiceError) -> int:
    # RFC 6749 knows no conflict: whoever lost a race again and again may ask once more.
    return UnavailableError.status if isinstance(error, ConflictError) else error.status


def _printable(text: str) -> str:
    """RFC 6749 §5.2: neither quotes nor backslashes, and nothing beyond ASCII."""
    return "".join(character for character in text if " " <= character <= "~" and character not in '"\\')
