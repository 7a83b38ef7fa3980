"""What is wrong with a request before any domain has seen it."""

from impersonator_api.errors import (
    InvalidError,
    LimitError,
    MalformedError,
    NotFoundError,
    ServiceError,
    UnavailableError,
)


class UnexpectedError(ServiceError):
    """Something broke on our side; the request id finds it in the log."""

    code = "internal-error"
    title = "Internal error"


class RouteNotFoundError(NotFoundError):
    """No door has this path."""

    code = "route-not-found"
    title = "No such route"


class MethodNotAllowedError(ServiceError):
    """The path exists, for other methods; `Allow` names them."""

    status = 405
    code = "method-not-allowed"
    title = "Method not allowed"


class BodyTooSlowError(ServiceError):
    """The body did not arrive in time; whoever waits for it holds a place that others need."""

    status = 408
    code = "body-too-slow"
    title = "Body too slow"


class BodyTooLargeError(ServiceError):
    """The body is larger than any door needs."""

    status = 413
    code = "body-too-large"
    title = "Body too large"


class UriTooLongError(ServiceError):
    """The path or the query is longer than any door needs."""

    status = 414
    code = "uri-too-long"
    title = "URI too long"


class UnsupportedMediaTypeError(ServiceError):
    """The body is not of the media type this door reads."""

    status = 415
    code = "unsupported-media-type"
    title = "Unsupported media type"


class HeadersTooLargeError(ServiceError):
    """The header fields together are larger than any door needs (RFC 6585 §5)."""

    status = 431
    code = "headers-too-large"
    title = "Header fields too large"


class FormError(MalformedError):
    """A form that OAuth does not allow: another media type, a repeated parameter, broken encoding (RFC 6749 §3.2)."""

    code = "malformed-form"
    title = "Malformed form"


class InvalidCursorError(InvalidError):
    """A page was asked for with a cursor that we did not make, or that belongs to other filters."""

    code = "invalid-cursor"
    title = "Invalid cursor"


class TooManyAttemptsError(LimitError):
    """Too many failures or refusals lately, of this client or caller here, or from this address."""

    code = "too-many-attempts"
    title = "Too many failed attempts"


class OverloadedError(UnavailableError):
    """More connections than one process serves, and every one of them is busy."""

    code = "overloaded"
    title = "Overloaded"
