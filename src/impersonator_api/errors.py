"""The kinds of "no" this service answers with; each domain names its own in two lines.

The kind gives the HTTP status, `code` is stable for ever, `title` is for people, and the detail says
what to do. Nothing here knows HTTP beyond the number.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from impersonator_api.statement import Write


class ServiceError(Exception):
    """Whatever a caller is told. `record` is all that survives of a story that raised it.

    `members` are extension members of the problem document (RFC 9457 §3.2); never secrets, never input.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    retry_after: int | None = None

    def __init__(self, detail: str = "", *, record: Sequence[Write] = (), **members: object) -> None:
        """Tell what happened; `detail` is a full sentence that says what to do."""
        super().__init__(detail or self.title)
        self.detail = detail or f"{self.title}."
        self.record = tuple(record)
        self.members: Mapping[str, object] = members


class MalformedError(ServiceError):
    """The request cannot be understood."""

    status = 400
    code = "malformed-request"
    title = "Malformed request"


class UnauthenticatedError(ServiceError):
    """Nobody known is calling."""

    status = 401
    code = "credentials-missing"
    title = "Credentials missing"


class Refusal(ServiceError):  # noqa: N818  # a considered no is no error of anybody's
    """A considered no: somebody known asked, and a law, a right or a policy said no. It is always recorded."""

    status = 403
    code = "refused"
    title = "Refused"


class NotFoundError(ServiceError):
    """It does not exist for this caller; another tenant's things do not exist either."""

    status = 404
    code = "not-found"
    title = "Not found"


class ConflictError(ServiceError):
    """The state of things does not allow it now."""

    status = 409
    code = "conflict"
    title = "Conflict"


class InvalidError(ServiceError):
    """The request is understood and breaks its schema or a bound."""

    status = 422
    code = "invalid-request"
    title = "Invalid request"


class LimitError(ServiceError):
    """Too often; nothing was done, and after `retry_after` seconds the same request may be sent again."""

    status = 429
    code = "too-many-requests"
    title = "Too many requests"
    retry_after = 60

    def __init__(self, detail: str = "", *, retry_after: int = retry_after) -> None:
        """Tell for how many seconds to wait."""
        super().__init__(detail)
        self.retry_after = retry_after


class UnavailableError(ServiceError):
    """Something we need is away; nothing was changed and the same request may be sent again."""

    status = 503
    code = "temporarily-unavailable"
    title = "Temporarily unavailable"
    retry_after = 2


class ConcurrentChangeError(ConflictError):
    """A story lost its race again and again."""

    code = "concurrent-change"
    title = "Changed by somebody else at the same time"
