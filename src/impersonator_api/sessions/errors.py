"""What a story about sessions says no with."""

from collections.abc import Sequence

from impersonator_api.errors import (
    ConflictError,
    InvalidError,
    MalformedError,
    NotFoundError,
    Refusal,
    UnauthenticatedError,
)
from impersonator_api.statement import Write


class ImpersonatesSelfError(MalformedError):
    """Nobody impersonates himself."""

    code = "cannot-impersonate-self"
    title = "Cannot impersonate yourself"


class ClientNotSpaError(MalformedError):
    """Only a browser application is handed a user's tokens (seed 001)."""

    code = "client-not-spa"
    title = "Client is not a SPA"


class TargetUnknownError(NotFoundError):
    """No user of the caller's tenant has that id or external id."""

    code = "target-unknown"
    title = "Target user not found"


class ClientUnknownError(NotFoundError):
    """No client of the caller's tenant has that id."""

    code = "client-unknown"
    title = "Client not found"


class WorkspaceUnknownError(NotFoundError):
    """No workspace of the caller's tenant has that id or slug."""

    code = "workspace-unknown"
    title = "Workspace not found"


class SessionUnknownError(NotFoundError):
    """No session of the caller's tenant has that id."""

    code = "session-unknown"
    title = "Impersonation session not found"


class NoActiveSessionError(NotFoundError):
    """There is nothing to end."""

    code = "no-active-session"
    title = "No active impersonation session"


class AmbiguousUserError(ConflictError):
    """One user's id is another user's external id."""

    code = "ambiguous-user"
    title = "Two users answer to that id"


class SessionAlreadyActiveError(ConflictError):
    """The policy lets an impersonator have only so many sessions, and rejects more."""

    code = "session-already-active"
    title = "Impersonation session already active"


class IdempotencySessionOverError(ConflictError):
    """A repeated request is answered with its session's tokens, and that session has ended since."""

    code = "idempotency-session-over"
    title = "The key's session is over"


class SessionAlreadyEndedError(ConflictError):
    """A session ends once."""

    code = "session-already-ended"
    title = "Impersonation session already ended"


class SeveralActiveError(ConflictError):
    """Which one to end must be said."""

    code = "several-sessions-active"
    title = "Several impersonation sessions active"


class ExpiresInThePastError(InvalidError):
    """An end that lies before the beginning."""

    code = "expires-in-the-past"
    title = "Expiry is in the past"


class IdempotencyKeyReusedError(InvalidError):
    """The key belongs to another request, so one of the two is a mistake."""

    code = "idempotency-key-reused"
    title = "Idempotency key used for another request"


class NotYourSessionError(Refusal):
    """Other people's sessions need `impersonation.read_any` or `impersonation.end_any`."""

    code = "not-your-session"
    title = "Not your impersonation session"


class RightMissingError(Refusal):
    """The caller holds no right to do this; told before anything is looked up."""

    code = "impersonation-not-permitted"
    title = "Impersonation not permitted"


class ScopeMissingError(RightMissingError):
    """The same of a service whose token is good for less; the challenge says what for (RFC 6750 §3.1)."""

    def __init__(self, detail: str, *, scope: str, record: Sequence[Write]) -> None:
        super().__init__(detail, record=record)
        self.challenge = f'Bearer error="insufficient_scope", scope="{scope}"'


class ImpersonationTokenNotAllowedError(Refusal):
    """Who is acting as somebody else may not do this; it needs his own token."""

    code = "impersonation-token-not-allowed"
    title = "Impersonation token not allowed here"


class SessionNotRunningError(UnauthenticatedError):
    """The session behind a token has ended, so the token has too."""

    code = "invalid-token"
    title = "Impersonation session is over"
