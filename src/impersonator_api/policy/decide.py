"""The judge: laws first, then the first rule that matches, then what that rule asks for. Default deny."""

from msgspec import Struct

from impersonator_api.directory import Person
from impersonator_api.policy.ask import Allowed, Ask, Decision, Denied
from impersonator_api.policy.document import PolicyDocument, Rule
from impersonator_api.policy.laws import LAWS
from impersonator_api.policy.matching import mismatch
from impersonator_api.policy.requirements import (
    REQUIREMENTS,
    STEP_UP_REQUIRED,
    login_wanted_by,
    mode_of,
    permissions_of,
)

NO_RULE = "no-rule"
"""What refuses where no rule speaks for the ask."""


class Finding(Struct, frozen=True):
    """How one law, rule or requirement answered; `objection` is `None` where it holds or matches."""

    name: str
    objection: str | None


class Trace(Struct, frozen=True):
    """A decision and everything that led to it; `requirements` are those of the rule that matched."""

    decision: Decision
    laws: tuple[Finding, ...]
    rules: tuple[Finding, ...]
    requirements: tuple[Finding, ...]


def decide(ask: Ask, document: PolicyDocument, version: int) -> Decision:
    """May they? The same ask and document always get the same answer; `version` is the document's in its tenant."""
    for law in LAWS:
        if objection := law.objection(ask):
            return Denied(law.name, objection, version)
    rule = _first_match(ask, document)
    if rule is None:
        return Denied(NO_RULE, _nobody_speaks_for(ask), version)
    for requirement in REQUIREMENTS:
        if objection := requirement.objection(ask, rule):
            login = login_wanted_by(rule) if requirement.name == STEP_UP_REQUIRED else None
            return Denied(requirement.name, objection, version, rule.name, login)
    return _allowed(ask, document, version, rule)


def explain(ask: Ask, document: PolicyDocument, version: int) -> Trace:
    """The decision, and how every law and rule answered, also those after the one that decided."""
    rule = _first_match(ask, document)
    return Trace(
        decision=decide(ask, document, version),
        laws=tuple(Finding(law.name, law.objection(ask)) for law in LAWS),
        rules=tuple(Finding(each.name, mismatch(ask, each)) for each in document.rules),
        requirements=tuple(Finding(each.name, each.objection(ask, rule)) for each in REQUIREMENTS) if rule else (),
    )


def _first_match(ask: Ask, document: PolicyDocument) -> Rule | None:
    return next((rule for rule in document.rules if mismatch(ask, rule) is None), None)


def _nobody_speaks_for(ask: Ask) -> str:
    return (
        f"No rule lets {ask.impersonator.label} act as {ask.target.label} in {ask.client.label};"
        " ask whoever keeps the policy for one."
    )


def _allowed(ask: Ask, document: PolicyDocument, version: int, rule: Rule) -> Allowed:
    # A service acts for many at once; it takes a slot only where its rule says how many there are.
    otherwise = document.max_active if isinstance(ask.impersonator, Person) else None
    return Allowed(
        rule=rule.name,
        policy_version=version,
        mode=mode_of(ask, rule),
        rights=rule.rights,
        permissions=permissions_of(ask, rule),
        duration=ask.duration or rule.duration.default,
        max_active=rule.max_active or otherwise,
        on_active=document.on_active,
    )
