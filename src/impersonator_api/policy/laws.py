"""What holds for every impersonation, whatever an organisation writes: pure functions nobody can switch off.

A law answers `None` where it holds and otherwise says, in a full sentence, what to do. Laws about the
impersonator come first, so that whoever may not act at all learns nothing about the target.
"""

from collections.abc import Callable

from msgspec import Struct

from impersonator_api.directory import ClientKind, Permission, holds
from impersonator_api.policy.ask import Ask


class Law(Struct, frozen=True):
    """A law by its name, which is stable for ever: callers, sessions and the audit go by it."""

    name: str
    objection: Callable[[Ask], str | None]


def tenant_is_active(ask: Ask) -> str | None:
    """Nothing happens in a suspended tenant."""
    return None if ask.tenant.is_active else "This organisation is suspended; ask its administrators."


def kill_switch_is_off(ask: Ask) -> str | None:
    """One switch stops every impersonation of a tenant."""
    if not ask.tenant.is_killed:
        return None
    return "Impersonation is switched off for this organisation; ask its security team to switch it on again."


def tenant_takes_part(ask: Ask) -> str | None:
    """An organisation may want none of its users acted as."""
    if not ask.tenant.is_opted_out:
        return None
    return "This organisation has opted out of impersonation; ask its administrators to opt in."


def impersonator_is_active(ask: Ask) -> str | None:
    """Who is suspended, pending or deleted acts as nobody."""
    if ask.impersonator.is_active:
        return None
    return f"{ask.impersonator.label} is not active; have the account activated first."


def no_nesting(ask: Ask) -> str | None:
    """A chain of impersonations would hide who started it."""
    return "End the running impersonation and start as yourself." if ask.acting_already else None


def has_the_right(ask: Ask) -> str | None:
    """Nobody impersonates without `impersonation.start`, tenant-wide or in the workspace in question."""
    if holds(ask.impersonator_permissions, Permission.START):
        return None
    return f"{ask.impersonator.label} lacks the permission {Permission.START.value}; ask for a role that holds it."


def no_self(ask: Ask) -> str | None:
    """Acting as oneself would put a second, stranger identity on one's own deeds. Ids are compared, never labels."""
    return "Choose another user: nobody impersonates himself." if ask.impersonator.id == ask.target.id else None


def same_tenant(ask: Ask) -> str | None:
    """No impersonation crosses from one tenant into another."""
    if ask.impersonator.tenant_id == ask.target.tenant_id == ask.client.tenant_id == ask.tenant.id:
        return None
    return "Choose a user and a client of your own organisation."


def target_is_active(ask: Ask) -> str | None:
    """Who cannot sign in cannot be acted as either."""
    return None if ask.target.is_active else f"{ask.target.label} is not active; have the account activated first."


def client_is_active(ask: Ask) -> str | None:
    """A suspended client takes part in nothing; the built-in one is part of the service and is always active."""
    if ask.client.is_built_in or ask.client.is_active:
        return None
    return f"The client {ask.client.label} is not active; have it activated or choose another."


def only_downwards(ask: Ask) -> str | None:
    """The target ranks strictly below the impersonator, or impersonation would be a way to rise."""
    if ask.impersonator_rank > ask.target.rank:
        return None
    return f"{ask.target.label} does not rank below {ask.impersonator.label}; ask somebody of higher rank."


def spa_where_required(ask: Ask) -> str | None:
    """Where tokens go to a browser application, the client is one; the built-in client counts as one."""
    if not ask.spa_required or ask.client.is_built_in or ask.client.kind is ClientKind.SPA:
        return None
    return f"The client {ask.client.label} is no single-page application; choose one that is."


def consent_is_given(ask: Ask) -> str | None:
    """A client that asks for consent is entered only as users who granted it all of the scopes."""
    if not ask.client.consent_required:
        return None
    if ask.consent and ask.consent.covers(ask.scopes, ask.now):
        return None
    return f"{ask.client.label} asks for consent first; ask {ask.target.label} to grant it."


LAWS: tuple[Law, ...] = (
    Law("tenant-active", tenant_is_active),
    Law("kill-switch", kill_switch_is_off),
    Law("tenant-opt-out", tenant_takes_part),
    Law("impersonator-active", impersonator_is_active),
    Law("no-nesting", no_nesting),
    Law("has-the-right", has_the_right),
    Law("no-self", no_self),
    Law("same-tenant", same_tenant),
    Law("target-active", target_is_active),
    Law("client-active", client_is_active),
    Law("only-downwards", only_downwards),
    Law("spa-required", spa_where_required),
    Law("consent-given", consent_is_given),
)
"""In the order in which they are asked; the first objection is the answer."""
