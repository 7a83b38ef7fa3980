"""Whom a token stands for, as of now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from impersonator_api import tokens
from impersonator_api.callers import Credentials, ImpersonationCaller, ServiceCaller, load_caller
from impersonator_api.directory import Person, Tenant
from impersonator_api.errors import Refusal
from impersonator_api.sessions import remembered
from impersonator_api.sessions.grant import grant_of
from impersonator_api.sessions.live import load_live_of
from impersonator_api.work import Work


class ServiceHasNoUserError(Refusal):
    """A service's own token stands for nobody."""

    code = "token-has-no-user"
    title = "Token stands for no user"


@dataclass(frozen=True, slots=True)
class Identified:
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
    grant = grant_of(work, live)
    acting = tokens.acting_claims(caller.claims.claims) | {"mode": live.session.mode}
    return Identified(live.tenant, live.target, grant.subject.named(grant.subject_form), acting)
