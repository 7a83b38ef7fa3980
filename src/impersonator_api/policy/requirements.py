"""What the rule that matched still asks for: pure functions that object or stay silent, like the laws."""

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from impersonator_api.directory import EVERYTHING, IMPERSONATION_RIGHTS, common, holds
from impersonator_api.policy.ask import Ask, Mode, Rights, WantedLogin
from impersonator_api.policy.document import Rule, StepUp
from impersonator_api.policy.spans import write_span
from impersonator_api.policy.tickets import is_ticket

AHEAD = timedelta(seconds=60)
"""By so much an issuer's clock may be ahead of ours."""

PRIVILEGED = IMPERSONATION_RIGHTS | {EVERYTHING}
"""Whoever holds one of these impersonates others, or oversees it."""

STEP_UP_REQUIRED = "step-up-required"


class Requirement(Struct, frozen=True):
    """A requirement by its name, which is as stable as a law's."""

    name: str
    objection: Callable[[Ask, Rule], str | None]


def mode_of(ask: Ask, rule: Rule) -> Mode:
    """The mode asked for; `limited` where permissions are named, else the first the rule grants."""
    return ask.mode or (rule.modes[0] if ask.permissions is None else Mode.LIMITED)


def limit_of(ask: Ask, rule: Rule) -> frozenset[str]:
    """The most that may be granted: what target and rule have in common and, by `intersection`, the impersonator."""
    limit = ask.target_permissions
    if rule.permissions is not None:
        limit = common(limit, frozenset(rule.permissions))
    if rule.rights is Rights.INTERSECTION:
        limit = common(limit, ask.impersonator_permissions)
    return limit


def permissions_of(ask: Ask, rule: Rule) -> frozenset[str] | None:
    """What is granted; `None` where neither request, mode nor rule restricts what the target holds."""
    if ask.permissions is not None:
        return common(limit_of(ask, rule), ask.permissions)
    is_restricted = rule.permissions is not None or rule.rights is Rights.INTERSECTION
    return limit_of(ask, rule) if is_restricted or mode_of(ask, rule) is Mode.LIMITED else None


def unprivileged_target(ask: Ask, rule: Rule) -> str | None:
    """Acting as somebody who impersonates or oversees it takes a rule that says so; rights held anywhere count."""
    if rule.privileged_targets or ask.target.permissions_anywhere.isdisjoint(PRIVILEGED):
        return None
    return f"{ask.target.label} holds impersonation permissions; only a rule with privileged_targets allows that."


def mode_granted(ask: Ask, rule: Rule) -> str | None:
    """Only a mode that the rule lists; named permissions go with `limited` alone."""
    if ask.permissions is not None and mode_of(ask, rule) is not Mode.LIMITED:
        return "Permissions were named, so leave the mode out or ask for limited."
    if mode_of(ask, rule) in rule.modes:
        return None
    return f"The rule {rule.name} grants {', '.join(rule.modes)}; ask for that."


def permissions_within(ask: Ask, rule: Rule) -> str | None:
    """Nothing beyond the limit. What was asked for is not repeated: it is input."""
    if ask.permissions is None:
        return None
    limit = limit_of(ask, rule)
    if all(holds(limit, permission) for permission in ask.permissions):
        return None
    return f"Ask only for permissions that {ask.target.label} holds here and that the rule {rule.name} grants."


def duration_within(ask: Ask, rule: Rule) -> str | None:
    """Longer than nothing, and at most the rule's maximum."""
    if ask.duration is None or timedelta() < ask.duration <= rule.duration.max:
        return None
    return f"Ask for at most {write_span(rule.duration.max)}, which is what the rule {rule.name} allows."


def reason_given(ask: Ask, rule: Rule) -> str | None:
    """Runs of white space count as one character, or blanks would do for a reason."""
    wanted = rule.require.reason
    if wanted is None or len(" ".join((ask.reason or "").split())) >= wanted.min_length:
        return None
    return f"Give a reason of at least {wanted.min_length} characters."


def ticket_given(ask: Ask, rule: Rule) -> str | None:
    """The whole ticket has the form that the rule wants."""
    wanted = rule.require.ticket
    if wanted is None or (ask.ticket is not None and is_ticket(ask.ticket, pattern=wanted.pattern)):
        return None
    return f"Give a ticket of the form {wanted.pattern}."


def stepped_up(ask: Ask, rule: Rule) -> str | None:
    """Logged in by a wanted method and lately, as seen when the session starts: a running one does not end with age."""
    wanted = rule.require.step_up
    if wanted is None or (_is_by_method(ask, wanted) and _is_fresh(ask, wanted)):
        return None
    by = f" by {' or '.join(wanted.acr)}" if wanted.acr else ""
    age = f" at most {write_span(wanted.max_age)} before the start" if wanted.max_age else ""
    return f"Log in again: the rule {rule.name} asks for a login{by}{age}."


def login_wanted_by(rule: Rule) -> WantedLogin | None:
    """What the rule asks of a login, for whoever has to log in again."""
    wanted = rule.require.step_up
    if wanted is None:
        return None
    return WantedLogin(wanted.acr or (), int(wanted.max_age.total_seconds()) if wanted.max_age else None)


def _is_by_method(ask: Ask, wanted: StepUp) -> bool:
    return wanted.acr is None or ask.login.acr in wanted.acr


def _is_fresh(ask: Ask, wanted: StepUp) -> bool:
    if wanted.max_age is None:
        return True
    if ask.login.auth_time is None:
        return False
    age = (ask.started_at or ask.now).timestamp() - ask.login.auth_time
    return -AHEAD.total_seconds() <= age <= wanted.max_age.total_seconds()


REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement("privileged-target", unprivileged_target),
    Requirement("mode-not-granted", mode_granted),
    Requirement("permission-exceeds", permissions_within),
    Requirement("duration-exceeds", duration_within),
    Requirement("reason-required", reason_given),
    Requirement("ticket-required", ticket_given),
    # Last: nobody logs in again to be told that something else is missing.
    Requirement(STEP_UP_REQUIRED, stepped_up),
)
"""In the order in which they are asked; the first objection is the answer."""
