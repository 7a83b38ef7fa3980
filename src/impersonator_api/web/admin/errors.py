"""Which errors the admin API's doors answer with, for its document."""

from impersonator_api.callers import errors as callers
from impersonator_api.database import DatabaseAwayError
from impersonator_api.errors import (
    ConcurrentChangeError,
    InvalidError,
    MalformedError,
    ServiceError,
    UnauthenticatedError,
)
from impersonator_api.policy import errors as policy
from impersonator_api.sessions import errors as sessions
from impersonator_api.sessions.listing import UnknownFilterValueError
from impersonator_api.tokens import InvalidTokenError
from impersonator_api.web.errors import BodyTooLargeError, InvalidCursorError, UnsupportedMediaTypeError
from impersonator_api.web.identifiers import MalformedIdError
from impersonator_api.web.paging import RepeatedParameterError

Errors = tuple[type[ServiceError], ...]

OF_ANY: Errors = (
    UnauthenticatedError,
    InvalidTokenError,
    callers.CallerUnknownError,
    callers.CallerSuspendedError,
    callers.CsrfError,
    sessions.RightMissingError,
    DatabaseAwayError,
)

OF_BODY: Errors = (MalformedError, InvalidError, BodyTooLargeError, UnsupportedMediaTypeError, MalformedIdError)

OF_START: Errors = (
    *OF_ANY,
    *OF_BODY,
    sessions.ImpersonationTokenNotAllowedError,
    sessions.ImpersonatesSelfError,
    sessions.TargetUnknownError,
    sessions.ClientUnknownError,
    sessions.WorkspaceUnknownError,
    policy.ImpersonationRefusedError,
    policy.PermissionExceedsError,
    policy.ConsentRequiredError,
    policy.ReasonRequiredError,
    policy.TicketRequiredError,
    policy.DurationExceedsError,
    sessions.ExpiresInThePastError,
    sessions.AmbiguousUserError,
    sessions.SessionAlreadyActiveError,
    ConcurrentChangeError,
)

OF_END: Errors = (
    *OF_ANY,
    *OF_BODY,
    sessions.NotYourSessionError,
    sessions.NoActiveSessionError,
    sessions.SessionUnknownError,
    sessions.SessionAlreadyEndedError,
    sessions.SeveralActiveError,
    ConcurrentChangeError,
)

OF_LIST: Errors = (
    *OF_ANY,
    sessions.ImpersonationTokenNotAllowedError,
    InvalidError,
    InvalidCursorError,
    RepeatedParameterError,
    UnknownFilterValueError,
)

OF_SHOW: Errors = (
    *OF_ANY,
    sessions.ImpersonationTokenNotAllowedError,
    MalformedIdError,
    sessions.NotYourSessionError,
    sessions.SessionUnknownError,
)
