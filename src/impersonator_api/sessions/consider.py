"""The one place where policy is asked whether a session may begin or go on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from impersonator_api import policy
from impersonator_api.directory import Client, Consent, Person, Workspace, common
from impersonator_api.policy import Allowed, Ask, Denied, LoggedIn, Mode, Trace
from impersonator_api.sessions.session import EndReason, Session
from impersonator_api.sessions.snapshot import BeforeStart, Live

SCOPES = frozenset({"offline_access", "profile"})
"""What an impersonation's tokens are good for: the target's profile, and being refreshed (seed 001)."""


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody asks a session to be. Names are ids, external ids, client ids or slugs, as they were sent."""

    target: str
    client: str | None = None
    workspace: str | None = None
    mode: Mode | None = None
    permissions: frozenset[str] | None = None
    duration: timedelta | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    ticket: str | None = None
    metadata: Mapping[str, Any] | None = None
    spa_required: bool = False
    scopes: frozenset[str] = SCOPES
    on_active: policy.OnActive = policy.OnActive.REPLACE  # the door's habit, where the document does not say


class Parties(Struct, frozen=True, kw_only=True):
    """The snapshot's people and things, found and unambiguous."""

    impersonator: Person | Client
    target: Person
    client: Client
    consent: Consent | None
    workspace: Workspace | None
    login: Mapping[str, object]  # the impersonator's, by the names of its claims


def consider(before: BeforeStart, parties: Parties, wish: Wish, now: datetime) -> Allowed | Denied:
    """Decide whether a session may begin."""
    return _decide(_asked(before, parties, wish, now), before.policy)


def explain(before: BeforeStart, parties: Parties, wish: Wish, now: datetime) -> Trace:
    """The same question, answered with everything that every law and rule had to say."""
    document, version = policy.document_in_force(before.policy)
    return policy.explain(_asked(before, parties, wish, now), document, version)


def _asked(before: BeforeStart, parties: Parties, wish: Wish, now: datetime) -> Ask:
    span = wish.expires_at - now if wish.expires_at else wish.duration
    return Ask(
        now=now,
        tenant=before.tenant,
        impersonator=parties.impersonator,
        target=parties.target,
        client=parties.client,
        workspace=parties.workspace,
        consent=parties.consent,
        scopes=wish.scopes,
        mode=wish.mode,
        permissions=wish.permissions,
        duration=span,
        reason=wish.reason,
        ticket=wish.ticket,
        spa_required=wish.spa_required,
        login=_logged_in(parties.login),
    )


def consider_again(live: Live, now: datetime) -> Session | EndReason:
    """Decide a session again under what is in force now: the session, perhaps narrowed, or why it ends."""
    session = live.session
    ask = Ask(
        now=now,
        tenant=live.tenant,
        impersonator=live.impersonator,
        target=live.target,
        client=live.client,
        workspace=live.workspace,
        consent=live.consent,
        scopes=session.scopes,
        mode=session.mode,
        permissions=_still_held(live) if session.mode is Mode.LIMITED else None,
        duration=session.expires_at - session.started_at,
        reason=session.reason,
        ticket=session.ticket,
        login=_logged_in(session.actor),
        started_at=session.started_at,
    )
    decision = _decide(ask, live.policy)
    if isinstance(decision, Denied):
        return why_it_ends(decision, live)
    return replace(
        session,
        permissions=_narrower(session.permissions, decision.permissions),
        rights=decision.rights,
        rule=decision.rule,
        policy_version=decision.policy_version,
        revision=live.tenant.revision,
    )


def why_it_ends(denied: Denied, live: Live) -> EndReason:
    """Whose change the refusal of a session that was once allowed comes from."""
    by_law = {
        "kill-switch": EndReason.KILL_SWITCH,
        "tenant-opt-out": EndReason.TENANT_OPT_OUT,
        "tenant-active": EndReason.TENANT_OPT_OUT,
        "consent-given": EndReason.CONSENT_WITHDRAWN,
        "client-active": EndReason.CLIENT_CHANGED,
        "target-active": EndReason.TARGET_CHANGED,
        "impersonator-active": EndReason.IMPERSONATOR_CHANGED,
        "has-the-right": EndReason.IMPERSONATOR_CHANGED,
        "privileged-target": EndReason.TARGET_CHANGED,
    }
    if denied.law in by_law:
        return by_law[denied.law]
    if live.target.rank != live.session.target_rank:
        return EndReason.TARGET_CHANGED
    if live.impersonator.rank != live.session.impersonator_rank:
        return EndReason.IMPERSONATOR_CHANGED
    if denied.policy_version != live.session.policy_version:
        return EndReason.POLICY_CHANGED
    return EndReason.IMPERSONATOR_CHANGED


def _decide(ask: Ask, row: Mapping[Any, Any] | None) -> Allowed | Denied:
    document, version = policy.document_in_force(row)
    return policy.decide(ask, document, version)


def _logged_in(login: Mapping[str, Any]) -> LoggedIn:
    return LoggedIn(acr=login.get("acr"), auth_time=login.get("auth_time"))


def _still_held(live: Live) -> frozenset[str]:
    held = live.target.permissions_in(live.session.workspace_id)
    return held if live.session.permissions is None else common(held, live.session.permissions)


def _narrower(before: frozenset[str] | None, now: frozenset[str] | None) -> frozenset[str] | None:
    if before is None or now is None:
        return now if before is None else before
    return common(before, now)
