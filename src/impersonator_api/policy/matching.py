"""Whether a rule speaks for an ask: it does where its impersonators, targets and clients all fit."""

from impersonator_api.directory import Person
from impersonator_api.policy.ask import Ask
from impersonator_api.policy.document import Impersonators, Rule, Targets


def mismatch(ask: Ask, rule: Rule) -> str | None:
    """Why the rule does not speak for this ask; `None` where it does."""
    if not _fits_impersonator(ask, rule.impersonators):
        return f"Its impersonators do not include {ask.impersonator.label}."
    if rule.targets is not None and not _fits_person(ask, ask.target, rule.targets):
        return f"Its targets do not include {ask.target.label}."
    # A built-in client's id can be in no list, so only rules without `clients` speak for it.
    if rule.clients is not None and ask.client.client_id not in rule.clients:
        return f"Its clients do not include {ask.client.label}."
    return None


def _fits_impersonator(ask: Ask, wanted: Impersonators) -> bool:
    if isinstance(ask.impersonator, Person):
        return _fits_person(ask, ask.impersonator, wanted)
    return ask.impersonator.client_id in (wanted.clients or ())


def _fits_person(ask: Ask, person: Person, wanted: Impersonators | Targets) -> bool:
    if wanted.roles and not {role.name for role in ask.roles_counting(person)}.isdisjoint(wanted.roles):
        return True
    # Threat: an e-mail address can be changed to somebody else's old one; ids stay with the person.
    return wanted.users is not None and (person.external_id in wanted.users or str(person.id) in wanted.users)
