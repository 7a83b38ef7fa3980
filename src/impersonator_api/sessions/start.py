"""How an impersonation begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from impersonator_api import policy, tokens
from impersonator_api.directory import Person, built_in_client_id
from impersonator_api.policy import Allowed, Denied, Trace
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.consider import Parties, Wish, consider, explain
from impersonator_api.sessions.errors import ExpiresInThePastError
from impersonator_api.sessions.grant import grant_of
from impersonator_api.sessions.handover import HandoverLink, HandoverWish, offer_links
from impersonator_api.sessions.parties import parties_in
from impersonator_api.sessions.session import Session, SessionStatus
from impersonator_api.sessions.slots import take_slot
from impersonator_api.sessions.snapshot import BeforeStart, Live, before_start_from
from impersonator_api.tokens import Minted
from impersonator_api.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """Who wants to act: a user or a service of a tenant. `login` has `iss`, `acr`, `amr`, `auth_time` where known."""

    tenant_id: UUID
    tenant_slug: str
    impersonator_id: UUID
    login: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A session that has begun, and the tokens for it."""

    live: Live
    access: Minted
    refresh: Minted
    links: tuple[HandoverLink, ...] = ()


async def start(work: Work, *, starter: Starter, wish: Wish, handover: HandoverWish | None = None) -> Started:
    """Let an impersonator act as a user, and hand out the tokens for it; raises what `open_session` raises.

    Where a `handover` is asked for, links for the session's browser application come with them.
    """
    live = await open_session(work, starter=starter, wish=wish)
    grant = grant_of(work, live)
    refresh = tokens.mint_refresh(work, grant, tenant_id=live.tenant.id, family_id=work.new_id())
    access = tokens.mint_access(work, grant, alg=live.client.signing_alg)
    work.write(tokens.refresh_token_inserted(refresh.row))
    links = offer_links(work, live, refresh, handover) if handover else ()
    return Started(live=live, access=access, refresh=refresh, links=links)


async def open_session(work: Work, *, starter: Starter, wish: Wish) -> Live:
    """Begin a session, if laws and policy allow it, and write down why.

    Raises 400 for oneself, 404 for what the tenant does not know, a recorded refusal for what law or
    policy deny, 409 for a slot that is held and may not be taken over.
    """
    before, parties = await _load(work, starter, wish)
    decision = consider(before, parties, wish, work.now)
    if isinstance(decision, Denied):
        raise _refusal(work, decision, parties, wish)
    session = _session(work, starter, parties, wish, decision, before.tenant.revision)
    work.write(store.tenant_unchanged(starter.tenant_id, before.tenant.revision))
    take_slot(work, session, before.slots, decision=decision, habit=wish.on_active)
    work.write(store.inserted(session))
    work.write(remembered.started(work, session, client_label=parties.client.label))
    return _live(before, parties, session)


async def explain_start(work: Work, *, starter: Starter, wish: Wish) -> Trace:
    """Whether a start would be let through, and everything that led to it; raises what `start` raises before that."""
    before, parties = await _load(work, starter, wish)
    return explain(before, parties, wish, work.now)


async def _load(work: Work, starter: Starter, wish: Wish) -> tuple[BeforeStart, Parties]:
    names = {
        "target": wish.target,
        "client": wish.client or built_in_client_id(starter.tenant_slug),
        "workspace": wish.workspace,
    }
    if wish.expires_at is not None and wish.expires_at <= work.now:
        raise ExpiresInThePastError("Choose an expires_at in the future, or leave it out.")
    answer = await work.read(store.before_start(starter.tenant_id, starter.impersonator_id, names))
    before = before_start_from(answer.mappings().one())
    return before, parties_in(before, wish)


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
        expires_at=wish.expires_at or work.now + decision.duration,
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
