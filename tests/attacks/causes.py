"""Everything that ends a session, each as it really comes about."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import yaml

from attacks.crime import WORKSPACE, Crime
from attacks.doors import bearer
from attacks.routes import ROUTES
from attacks.token_kinds import KINDS
from attacks.token_places import NO_CLIENT
from impersonator_api import realm
from impersonator_api.directory.tables import consents
from impersonator_api.sessions import SCOPES, Ender, EndReason, end, expire_overdue

Happen = Callable[[Crime], Awaitable[object]]

BARRED = "403 impersonation-not-permitted"
SUSPENDED = "403 caller-suspended"


@dataclass(frozen=True)
class Cause:
    """Something that ends a session for that reason.

    `by_a_change` where laws and policy forbid it from then on, so that every door has to notice by itself;
    `is_noticed_late` where nobody does before one of its tokens is used, lists included.
    `in_a_workspace` where the impersonator's role must count in one workspace alone. `ana` and `everybody` are how
    the impersonator's own requests, or all of the organisation, are answered from then on; `also` how a door is that
    has more reason to say no than the session's end, by place.
    """

    reason: EndReason
    happen: Happen
    by_a_change: bool = False
    is_noticed_late: bool = False
    in_a_workspace: bool = False
    ana: str = ""
    everybody: str = ""
    also: Mapping[str, str] = field(default_factory=dict)


CAUSES: dict[str, Cause] = {}
"""By their functions' names."""


def cause(reason: EndReason, **more: Any) -> Callable[[Happen], Happen]:
    """Put a cause into the table."""

    def put(happen: Happen) -> Happen:
        CAUSES[happen.__name__] = Cause(reason, happen, **more)
        return happen

    return put


async def ask(crime: Crime, name: str, token: str) -> httpx.Response:
    """A request at a route, which must succeed."""
    return (await ROUTES[name].send(crime.doors.http, crime.names, bearer(token))).raise_for_status()


@cause(EndReason.STOPPED)
async def ended_by_the_impersonator(crime: Crime) -> None:
    await ask(crime, "end", crime.scene.ana_token)


@cause(EndReason.STOPPED)
async def stopped_at_seed_003s_door(crime: Crime) -> None:
    await ask(crime, "stop", crime.scene.ana_token)


@cause(EndReason.STOPPED)
async def ended_by_its_own_token(crime: Crime) -> None:
    await ask(crime, "end", crime.started["access_token"])


@cause(EndReason.STOPPED)
async def ended_by_a_token_that_was_handed_on(crime: Crime) -> None:
    await ask(crime, "stop", await KINDS["handed_on"](crime))


@cause(EndReason.STOPPED)
async def logged_out(crime: Crime) -> None:
    await ask(crime, "logout", crime.started["access_token"])


@cause(EndReason.REPLACED)
async def replaced_by_another_start(crime: Crime) -> None:
    await ask(crime, "start", crime.scene.ana_token)


@cause(EndReason.REPLACED)
async def replaced_by_a_service_in_her_name(crime: Crime) -> None:
    await ask(crime, "impersonate", await KINDS["service"](crime))


@cause(EndReason.EXPIRED)
async def expired(crime: Crime) -> None:
    crime.clock.forward(minutes=30)


@cause(EndReason.EXPIRED)
async def expired_and_swept(crime: Crime) -> None:
    crime.clock.forward(minutes=30)
    await crime.desk.run_in_transaction(expire_overdue)


@cause(EndReason.REVOKED)
async def ended_by_who_may_end_any(crime: Crime) -> None:
    await ask(crime, "stop", await crime.token_of(crime.lea))


@cause(EndReason.REVOKED)
async def ended_at_the_command_line(crime: Crime) -> None:
    ender = Ender(tenant_id=crime.scene.acme.id, id=crime.scene.acme.id, label="root@host", may_end_any=True)
    await crime.desk.run(end, ender=ender, session_id=crime.started["session_id"])


@cause(EndReason.REVOKED)
async def ended_at_the_panel(crime: Crime) -> None:
    await ask(crime, "end_active_session", await KINDS["service"](crime))


@cause(EndReason.REVOKED)
async def refresh_token_given_back(crime: Crime) -> None:
    (await crime.doors.revoke(crime.started["refresh_token"], crime.scene.spa)).raise_for_status()


@cause(EndReason.REVOKED)
async def access_token_given_back(crime: Crime) -> None:
    (await crime.doors.revoke(crime.started["access_token"], crime.scene.spa)).raise_for_status()


@cause(EndReason.REFRESH_REPLAYED)
async def refresh_replayed(crime: Crime) -> None:
    """A used refresh token comes back; this replays the one that the second browser was handed over."""
    form = {"grant_type": "refresh_token", "refresh_token": crime.bound["refresh_token"], "client_id": crime.scene.spa}
    (await crime.holder.ask(crime.doors.http, form)).raise_for_status()
    crime.clock.forward(seconds=11)
    assert (await crime.holder.ask(crime.doors.http, form)).status_code == 400


async def apply_realm(crime: Crime, **changed: Any) -> None:
    """Apply a realm file of these keys."""
    source = yaml.safe_dump({"tenant": crime.scene.acme.slug, **changed})
    await crime.desk.run_in_transaction(realm.apply, realm.read_realm(source.encode()))


def by_realm(name: str, reason: EndReason, changed: Callable[[Crime], Mapping[str, Any]], **more: Any) -> None:
    """Put a cause into the table that is written in the realm file."""

    async def happen(crime: Crime) -> None:
        await apply_realm(crime, **changed(crime))

    CAUSES[name] = Cause(reason, happen, by_a_change=True, **more)


def ana(**changed: Any) -> Callable[[Crime], Mapping[str, Any]]:
    """A realm in which Ana is different."""
    return lambda crime: {"users": [{"external_id": crime.scene.ana.external_id, **changed}]}


def bob(**changed: Any) -> Callable[[Crime], Mapping[str, Any]]:
    """A realm in which Bob is different."""
    return lambda crime: {"users": [{"external_id": crime.scene.bob.external_id, **changed}]}


def consent(**changed: Any) -> Callable[[Crime], Mapping[str, Any]]:
    """A realm in which Bob's consent is different."""
    return lambda crime: {
        "consents": [
            {"user": crime.scene.bob.external_id, "client": crime.scene.spa, "scopes": sorted(SCOPES), **changed}
        ],
    }


def organisation(**changed: Any) -> Callable[[Crime], Mapping[str, Any]]:
    """A realm in which these keys are different."""
    return lambda _: changed


ADMINS_READ = {"name": "admins-read", "impersonators": {"roles": ["super_admin"]}, "modes": ["read_only"]}

by_realm("impersonator_suspended", EndReason.IMPERSONATOR_CHANGED, ana(status="suspended"), ana=SUSPENDED)
by_realm("impersonator_deleted", EndReason.IMPERSONATOR_CHANGED, ana(status="deleted"), ana=SUSPENDED)
by_realm("impersonator_demoted", EndReason.IMPERSONATOR_CHANGED, ana(roles=["customer"]), ana=BARRED)
by_realm(
    "impersonator_lost_the_role_in_the_workspace",
    EndReason.IMPERSONATOR_CHANGED,
    ana(roles=[{"role": "customer", "workspace": WORKSPACE}]),
    in_a_workspace=True,
    ana=BARRED,
)
by_realm(
    "impersonators_role_lost_its_rank",
    EndReason.IMPERSONATOR_CHANGED,
    organisation(roles=[{"name": "super_admin", "rank": 0}]),
)
by_realm(
    "impersonators_role_lost_its_right",
    EndReason.IMPERSONATOR_CHANGED,
    organisation(roles=[{"name": "super_admin", "permissions": ["ticket.read"]}]),
    ana=BARRED,
)
by_realm("target_promoted", EndReason.TARGET_CHANGED, bob(roles=["super_admin"]))
by_realm(
    "target_made_privileged",
    EndReason.TARGET_CHANGED,
    organisation(roles=[{"name": "customer", "permissions": ["impersonation.start"]}]),
)
by_realm("target_suspended", EndReason.TARGET_CHANGED, bob(status="suspended"))
by_realm("target_deleted", EndReason.TARGET_CHANGED, bob(status="deleted"))
by_realm(
    "client_suspended",
    EndReason.CLIENT_CHANGED,
    lambda crime: {"clients": [{"client_id": crime.scene.spa, "status": "suspended"}]},
    also={"token_at_revocation": NO_CLIENT},
)
by_realm("consent_withdrawn_in_the_realm", EndReason.CONSENT_WITHDRAWN, consent(withdrawn=True))
by_realm("consent_narrowed", EndReason.CONSENT_WITHDRAWN, consent(scopes=["profile"]))
by_realm(
    "policy_narrowed",
    EndReason.POLICY_CHANGED,
    organisation(policy={"version": 1, "rules": [ADMINS_READ]}),
)
by_realm("tenant_opted_out", EndReason.TENANT_OPT_OUT, organisation(settings={"opt_out": True}))
by_realm(
    "tenant_suspended",
    EndReason.TENANT_OPT_OUT,
    organisation(status="suspended"),
    ana=SUSPENDED,
    everybody=SUSPENDED,
    also=dict.fromkeys(
        ("subject_token", "subject_token_called_jwt", "token_at_introspection", "token_at_revocation"), NO_CLIENT
    )
    | {"impersonator_token": SUSPENDED},
)
by_realm("kill_switch_thrown", EndReason.KILL_SWITCH, organisation(settings={"kill_switch": True}))


@cause(EndReason.CONSENT_WITHDRAWN, by_a_change=True)
async def consent_withdrawn_at_the_panel(crime: Crime) -> None:
    await ask(crime, "withdraw_consent", await KINDS["service"](crime))


@cause(EndReason.CONSENT_WITHDRAWN, by_a_change=True, is_noticed_late=True)
async def consent_ran_out(crime: Crime) -> None:
    until = crime.clock() + timedelta(minutes=1)
    await crime.scene.acme.change(consents, consents.c.user_id == crime.scene.bob.id, expires_at=until)
    crime.clock.forward(minutes=1)
