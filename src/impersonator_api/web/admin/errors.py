"""Which errors the doors that speak problem+json answer with, for the document."""

from impersonator_api.callers import errors as callers
from impersonator_api.consents import ConsentUnknownError
from impersonator_api.database import DatabaseAwayError, UnstorableValueError
from impersonator_api.errors import (
    ConcurrentChangeError,
    InvalidError,
    LimitError,
    MalformedError,
    ServiceError,
    UnauthenticatedError,
)
from impersonator_api.policy import errors as policy
from impersonator_api.sessions import errors as sessions
from impersonator_api.sessions.listing import UnknownFilterValueError
from impersonator_api.sessions.logout import RedirectUnknownError
from impersonator_api.tokens import InvalidProofError, InvalidTokenError
from impersonator_api.tokens.errors import SigningKeyMissingError
from impersonator_api.web.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    FormError,
    InvalidCursorError,
    TooManyAttemptsError,
    UnsupportedMediaTypeError,
)
from impersonator_api.web.identifiers import MalformedIdError
from impersonator_api.web.paging import RepeatedParameterError

Errors = tuple[type[ServiceError], ...]

OF_CREDENTIALS: Errors = (
    MalformedError,
    callers.TokenInQueryError,
    callers.SeveralCredentialsError,
    UnauthenticatedError,
    InvalidTokenError,
    InvalidProofError,
    callers.TokenBoundError,
    callers.TokenNotBoundError,
    callers.CallerUnknownError,
    callers.CallerSuspendedError,
    callers.CsrfError,
    TooManyAttemptsError,
    DatabaseAwayError,
    callers.IssuerKeysUnavailableError,
    policy.UnreadablePolicyError,
)

OF_ANY: Errors = (*OF_CREDENTIALS, sessions.RightMissingError)

OF_STREAM: Errors = (UnstorableValueError, BodyTooSlowError, BodyTooLargeError)

OF_BODY: Errors = (*OF_STREAM, InvalidError, UnsupportedMediaTypeError, MalformedIdError)

OF_CHECK: Errors = (
    *OF_CREDENTIALS,
    *OF_BODY,
    sessions.ImpersonationTokenNotAllowedError,
    sessions.ImpersonatesSelfError,
    sessions.TargetUnknownError,
    sessions.ClientUnknownError,
    sessions.WorkspaceUnknownError,
    sessions.AmbiguousUserError,
)

OF_START: Errors = (
    *OF_CHECK,
    sessions.RightMissingError,
    LimitError,
    policy.ImpersonationRefusedError,
    policy.PermissionExceedsError,
    policy.ConsentRequiredError,
    policy.ReasonRequiredError,
    policy.TicketRequiredError,
    policy.InsufficientUserAuthenticationError,
    policy.DurationExceedsError,
    sessions.ExpiresInThePastError,
    sessions.SessionAlreadyActiveError,
    ConcurrentChangeError,
    SigningKeyMissingError,
)

OF_STOP: Errors = (
    *OF_ANY,
    MalformedIdError,
    sessions.NotYourSessionError,
    sessions.SessionUnknownError,
    sessions.SessionAlreadyEndedError,
    ConcurrentChangeError,
)

OF_END: Errors = (*OF_STOP, *OF_BODY, sessions.NoActiveSessionError, sessions.SeveralActiveError)

OF_LOGOUT: Errors = (
    *OF_CREDENTIALS,
    *OF_STREAM,
    FormError,
    RedirectUnknownError,
    sessions.NotYourSessionError,
    ConcurrentChangeError,
)

OF_READ: Errors = (*OF_ANY, sessions.ImpersonationTokenNotAllowedError, InvalidError)

OF_PAGE: Errors = (*OF_READ, InvalidCursorError, RepeatedParameterError)

OF_LIST: Errors = (*OF_PAGE, UnknownFilterValueError)

OF_SHOW: Errors = (
    *OF_ANY,
    sessions.ImpersonationTokenNotAllowedError,
    MalformedIdError,
    sessions.NotYourSessionError,
    sessions.SessionUnknownError,
)

OF_USER: Errors = (
    *OF_ANY,
    sessions.ImpersonationTokenNotAllowedError,
    MalformedIdError,
    sessions.TargetUnknownError,
    sessions.AmbiguousUserError,
)

OF_USERS_LIST: Errors = (*OF_USER, InvalidError, InvalidCursorError, RepeatedParameterError)

OF_USERS_END: Errors = (
    *OF_USER,
    sessions.SessionUnknownError,
    sessions.SessionAlreadyEndedError,
    ConcurrentChangeError,
)

OF_WITHDRAWAL: Errors = (*OF_USER, sessions.ClientUnknownError, ConsentUnknownError)
