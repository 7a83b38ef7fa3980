"""How a session comes to be: load, consider, write, record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from sqlalchemy import Select

from impersonator_api import policy
from impersonator_api.database import LostRaceError
from impersonator_api.directory import Person, built_in_client_id
from impersonator_api.policy import Allowed, Denied, Trace
from impersonator_api.questions import Part, with_parts
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.consider import Parties, Wish, consider, explain
from impersonator_api.sessions.errors import ExpiresInThePastError
from impersonator_api.sessions.idempotency import Earlier, Repeatable, earlier_json, find_earlier
from impersonator_api.sessions.parties import parties_in
from impersonator_api.sessions.session import Session, SessionStatus
from impersonator_api.sessions.slots import take_slot
from impersonator_api.sessions.snapshot import BeforeStart, Known, Live, Row, before_start_from
from impersonator_api.sessions.surroundings import Grounds
from impersonator_api.work import Work


class Starter(Struct, frozen=True, kw_only=True):
    """Who wants to act: a user or a service of a tenant. `login` has `iss`, `acr`, `amr`, `auth_time` where known."""

    tenant_id: UUID
    tenant_slug: str
    impersonator_id: UUID
    login: Mapping[str, object] = field(default_factory=dict)
    as_proved: Known | None = None  # as the statement read them that proved who it is


async def open_session(work: Work, *, starter: Starter, wish: Wish) -> Live:
    """Begin a session; raises what `open_repeatable` raises."""
    row = await _read(work, starter, wish)
    return await _open(work, starter, wish, row)


async def open_repeatable(work: Work, *, starter: Starter, wish: Wish, repeatable: Repeatable | None) -> Live | Earlier:
    """Begin a session, if laws and policy allow it, and write down why.

    Raises 400 for oneself, 404 for what the tenant does not know, a recorded refusal for what law or
    policy deny, 409 for a slot that is held and may not be taken over.
    """
    row = await _read(work, starter, wish, repeatable)
    return await open_from(work, starter=starter, wish=wish, repeatable=repeatable, row=row)


async def open_from(
    work: Work, *, starter: Starter, wish: Wish, repeatable: Repeatable | None, row: Row
) -> Live | Earlier:
    """The same from a row of `asked_before`."""
    return find_earlier(work, row, repeatable) or await _open(work, starter, wish, row)


def asked_before(
    work: Work, starter: Starter, wish: Wish, repeatable: Repeatable | None = None, *, is_known: bool = True
) -> Part[Select[Any]]:
    """Everything that a start by them is decided on, besides themselves and what it stands on where that is known."""
    tenant_id, client = starter.tenant_id, _client_named(starter.tenant_slug, wish)
    names = {"target": wish.target, "client": client, "workspace": wish.workspace}
    is_ground_known = is_known and work.run == 0 and work.get(Grounds).know((tenant_id, client), work.now)
    question = store.before_start(
        tenant_id, starter.impersonator_id, names, is_known=is_known, is_ground_known=is_ground_known
    )
    return with_parts(question, earlier_json(work, repeatable))


async def _open(work: Work, starter: Starter, wish: Wish, row: Row) -> Live:
    before, parties = _found(work, starter, wish, row)
    decision = consider(before, parties, wish, work.now)
    if isinstance(decision, Denied):
        raise _refusal(work, decision, parties, wish)
    session = _session(work, starter, parties, wish, decision, before.tenant.revision)
    work.write(store.tenant_unchanged(starter.tenant_id, before.tenant.revision))
    await take_slot(work, session, before.slots, decision=decision, habit=wish.on_active)
    work.write(store.inserted(session))
    work.write(remembered.started(work, session, client_label=parties.client.label))
    return _live(before, parties, session)


async def explain_start(work: Work, *, starter: Starter, wish: Wish) -> Trace:
    """Whether a start would be let through, and everything that led to it; raises what `start` raises before that."""
    before, parties = _found(work, starter, wish, await _read(work, starter, wish))
    return explain(before, parties, wish, work.now)


async def _read(work: Work, starter: Starter, wish: Wish, repeatable: Repeatable | None = None) -> Row:
    # After a lost race what was read before this story is stale.
    is_known = starter.as_proved is not None and work.run == 0
    return (await work.read(asked_before(work, starter, wish, repeatable, is_known=is_known))).one()


def _found(work: Work, starter: Starter, wish: Wish, row: Row) -> tuple[BeforeStart, Parties]:
    if wish.expires_at is not None and wish.expires_at <= work.now:
        raise ExpiresInThePastError("Choose an expires_at in the future, or leave it out.")
    before = _before(work, starter, wish, row)
    return before, parties_in(before, wish, starter.login)


def _before(work: Work, starter: Starter, wish: Wish, row: Row) -> BeforeStart:
    grounds, key = work.get(Grounds), (starter.tenant_id, _client_named(starter.tenant_slug, wish))
    if "policy" in row:
        before = before_start_from(row, starter.as_proved)
        grounds.keep(key, before, work.now)
        return before
    ground = grounds.find(key, starter.as_proved[0].revision) if starter.as_proved else None
    if ground is None:
        raise LostRaceError("The tenant changed since this process saw the client last.")
    return before_start_from(row, starter.as_proved, ground)


def _client_named(tenant_slug: str, wish: Wish) -> str:
    return wish.client or built_in_client_id(tenant_slug)


def _refusal(work: Work, denied: Denied, parties: Parties, wish: Wish) -> Exception:
    record = remembered.refused(
        work,
        denied,
        impersonator=parties.impersonator,
        target=parties.target,
        client=parties.client,
        words={"reason": wish.reason, "ticket": wish.ticket},
    )
    return policy.refusal_for(denied, [record])


def _session(work: Work, starter: Starter, parties: Parties, wish: Wish, decision: Allowed, revision: int) -> Session:
    impersonator, target = parties.impersonator, parties.target
    return Session(
        id=work.new_id(),
        tenant_id=starter.tenant_id,
        impersonator_kind=remembered.kind_of(impersonator),
        impersonator_id=impersonator.id,
        impersonator_label=impersonator.label,
        impersonator_email=impersonator.email if isinstance(impersonator, Person) else None,
        impersonator_rank=impersonator.rank,
        target_id=target.id,
        target_label=target.label,
        target_email=target.email,
        target_rank=target.rank,
        client_id=parties.client.id,
        workspace_id=parties.workspace.id if parties.workspace else None,
        mode=decision.mode,
        rights=decision.rights,
        permissions=decision.permissions,
        scopes=wish.scopes,
        reason=wish.reason,
        ticket=wish.ticket,
        status=SessionStatus.ACTIVE,
        end_reason=None,
        started_at=work.now,
        expires_at=_ends_at(parties, wish.expires_at or work.now + decision.duration),
        ended_at=None,
        ended_by=None,
        ip=work.origin.ip,
        user_agent=work.origin.user_agent,
        rule=decision.rule,
        policy_version=decision.policy_version,
        revision=revision,
        actor=dict(starter.login),
        metadata=dict(wish.metadata or {}),
    )


def _ends_at(parties: Parties, wanted: datetime) -> datetime:
    """No later than the consent that the session stands on: whoever verifies its tokens elsewhere cannot ask."""
    runs_out_at = parties.consent.expires_at if parties.client.consent_required and parties.consent else None
    return min(wanted, runs_out_at) if runs_out_at else wanted


def _live(before: BeforeStart, parties: Parties, session: Session) -> Live:
    return Live(
        session=session,
        tenant=before.tenant,
        impersonator=parties.impersonator,
        target=parties.target,
        client=parties.client,
        consent=parties.consent,
        workspace=parties.workspace,
        policy=before.policy,
        also={},
    )
