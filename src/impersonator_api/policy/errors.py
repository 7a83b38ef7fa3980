"""How policy says no, and what is wrong with a document."""

from collections.abc import Sequence

from impersonator_api.errors import InvalidError, Refusal, UnauthenticatedError, UnavailableError
from impersonator_api.policy.ask import Denied
from impersonator_api.statement import Write


class ImpersonationRefusedError(Refusal):
    """A law or the policy said no; `law` and `rule` say which."""

    code = "impersonation-refused"
    title = "Impersonation refused"


class PermissionExceedsError(Refusal):
    """More permissions were asked for than user, rule and impersonator have in common."""

    code = "permission-exceeds"
    title = "Permission exceeds what may be granted"


class ConsentRequiredError(Refusal):
    """The client is entered only with the user's consent."""

    code = "consent-required"
    title = "Consent required"


class ReasonRequiredError(Refusal):
    """The rule wants to know why."""

    code = "reason-required"
    title = "Reason required"


class TicketRequiredError(Refusal):
    """The rule wants a ticket of a certain form."""

    code = "ticket-required"
    title = "Ticket required"


class InsufficientUserAuthenticationError(UnauthenticatedError):
    """The rule asks for a stronger or a later login than the impersonator's (RFC 9470 §3)."""

    code = "insufficient-user-authentication"
    title = "Insufficient user authentication"

    @property
    def challenge(self) -> str:
        """What the answer's `WWW-Authenticate` says; the parser saw to it that nothing within needs escaping."""
        said = {"error": self.code.replace("-", "_"), "error_description": self.detail}
        asked = {name: self.members[name] for name in ("acr_values", "max_age") if name in self.members}
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in {**said, **asked}.items())


class DurationExceedsError(InvalidError):
    """Longer than the rule allows. The time is a bound of the request, so this refusal is a 422 (seed 003)."""

    code = "duration-exceeds"
    title = "Duration exceeds the maximum"


class InvalidPolicyError(InvalidError):
    """A document that breaks the schema; `members["errors"]` tells path and message of each fault."""

    code = "invalid-policy"
    title = "Invalid policy document"


class UnreadablePolicyError(UnavailableError):
    """The stored document is of another release. Fail closed: without a policy nobody acts as anybody."""

    code = "policy-unreadable"
    title = "Policy cannot be read"


No = Refusal | InvalidError | InsufficientUserAuthenticationError

OWN_CODES: dict[str, type[No]] = {
    "consent-given": ConsentRequiredError,
    "permission-exceeds": PermissionExceedsError,
    "duration-exceeds": DurationExceedsError,
    "reason-required": ReasonRequiredError,
    "ticket-required": TicketRequiredError,
    "step-up-required": InsufficientUserAuthenticationError,
}
"""The laws whose refusal a caller can act upon, each with a problem code of its own."""


def refusal_for(denied: Denied, record: Sequence[Write]) -> No:
    """What a caller is told of a denial; the record is what the audit keeps of it."""
    error = OWN_CODES.get(denied.law, ImpersonationRefusedError)
    named = {"law": denied.law, "rule": denied.rule}
    asked = denied.login.as_members() if denied.login else {}
    return error(denied.reason, record=record, **{name: value for name, value in named.items() if value}, **asked)
