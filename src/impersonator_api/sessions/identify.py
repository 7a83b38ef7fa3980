"""Whom a token stands for, as of now."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from impersonator_api import tokens
from impersonator_api.audit import Action, recorded
from impersonator_api.callers import Credentials, ImpersonationCaller, ServiceCaller, load_caller
from impersonator_api.directory import Person, Tenant
from impersonator_api.errors import Refusal
from impersonator_api.sessions import remembered
from impersonator_api.sessions.live import find_holder, load_live_of
from impersonator_api.sessions.snapshot import Live
from impersonator_api.statement import Write
from impersonator_api.work import Work

PROFILE = "profile"
"""What a token must be good for to be told whom it stands for."""


class ServiceHasNoUserError(Refusal):
    """A service's own token stands for nobody."""

    code = "token-has-no-user"
    title = "Token stands for no user"


class InsufficientScopeError(Refusal):
    """The token was narrowed to less than this door shows (RFC 6750 §3.1)."""

    code = "insufficient-scope"
    title = "Insufficient scope"
    challenge = f'Bearer error="insufficient_scope", scope="{PROFILE}"'


class Identified(Struct, frozen=True):
    """The user behind a token; `acting` holds `sid`, `act`, `impersonated_by` and `mode` where somebody acts as him."""

    tenant: Tenant
    user: Person
    subject: str
    acting: Mapping[str, Any] = field(default_factory=dict)


async def identify(work: Work, *, credentials: Credentials | None) -> Identified:
    """The user a token stands for; raises 401 for a token whose session is over."""
    caller = await load_caller(work, credentials)
    if isinstance(caller, ServiceCaller):
        raise ServiceHasNoUserError(
            "Use a user's token; a service's own token stands for no user.",
            record=[remembered.turned_away(work, caller.party, code=ServiceHasNoUserError.code)],
        )
    if not isinstance(caller, ImpersonationCaller):
        return Identified(caller.tenant, caller.party, str(caller.party.id))
    live = await load_live_of(work, caller.claims)
    if PROFILE not in caller.claims.scopes:
        raise InsufficientScopeError(
            "Ask for the scope profile: this token was narrowed to other things.",
            record=[_scope_missing(work, live, by=find_holder(caller.claims))],
        )
    acting = tokens.acting_claims(caller.claims.claims) | {"mode": live.session.mode}
    return Identified(live.tenant, live.target, caller.claims.load_text("sub"), acting)


def _scope_missing(work: Work, live: Live, *, by: str | None) -> Write:
    code = InsufficientScopeError.code
    return recorded(
        work, remembered.entry_of(live.session, Action.REFUSED, client_label=live.client.label, code=code, by=by)
    )
