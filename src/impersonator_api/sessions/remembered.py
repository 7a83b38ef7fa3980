"""What the audit keeps of a session's life."""

from collections.abc import Mapping, Sequence

from impersonator_api.audit import Action, Entry, recorded, recorded_where_met
from impersonator_api.directory import Client, Person
from impersonator_api.policy import Denied
from impersonator_api.sessions import store
from impersonator_api.sessions.errors import NotYourSessionError
from impersonator_api.sessions.session import EndReason, ImpersonatorKind, Session
from impersonator_api.sessions.store import Ending
from impersonator_api.statement import Write
from impersonator_api.work import Work


def entry_of(
    session: Session, action: Action, *, client_label: str, code: str | None = None, by: str | None = None
) -> Entry:
    """An entry about a session, with everybody's name as the session remembers it.

    `by` is whoever did it to the session, who need be neither its impersonator nor its target.
    """
    return Entry(
        action=action,
        tenant_id=session.tenant_id,
        session_id=session.id,
        impersonator_kind=session.impersonator_kind,
        impersonator_id=session.impersonator_id,
        impersonator_label=session.impersonator_label,
        target_id=session.target_id,
        target_label=session.target_label,
        client_id=client_label,
        reason=session.reason,
        ticket=session.ticket,
        rule=session.rule,
        policy_version=session.policy_version,
        code=code,
        detail={} if by is None else {"by": by},
    )


def ending(work: Work, session: Session, *, reason: EndReason, client_label: str) -> Ending:
    """An end as of now; an overdue session was over when it expired, whoever noticed and whenever."""
    at = max(session.started_at, min(work.now, session.expires_at))
    return Ending(session=session, reason=reason, at=at, client_label=client_label)


def ended(work: Work, endings: Sequence[Ending], *, by: str, rows: int | None = None) -> tuple[Write, Write, Write]:
    """Sessions' ends: their rows, active no more, and their entries; of what has ended already, none of them."""
    guard = store.ended(endings, by=by, rows=rows)
    entries = [
        entry_of(each.session, _action(each.reason), client_label=each.client_label, code=each.reason, by=by)
        for each in endings
    ]
    return guard, store.deactivated(endings), recorded_where_met(work, entries, guard)


def _action(reason: EndReason) -> Action:
    return Action.EXPIRED if reason is EndReason.EXPIRED else Action.ENDED


def not_yours(work: Work, session: Session, *, client_label: str, by: str) -> Write:
    """The entry of somebody who reached for a session that is not his."""
    return recorded(
        work, entry_of(session, Action.REFUSED, client_label=client_label, code=NotYourSessionError.code, by=by)
    )


def turned_away(work: Work, party: Person | Client, *, code: str) -> Write:
    """The entry of somebody who asked for what he may not do, about nobody in particular."""
    entry = Entry(
        action=Action.REFUSED,
        tenant_id=party.tenant_id,
        impersonator_kind=kind_of(party),
        impersonator_id=party.id,
        impersonator_label=party.label,
        code=code,
    )
    return recorded(work, entry)


def started(work: Work, session: Session, *, client_label: str) -> Write:
    """The entry of a start."""
    return recorded(work, entry_of(session, Action.STARTED, client_label=client_label))


def refused(
    work: Work,
    denied: Denied,
    *,
    impersonator: Person | Client,
    target: Person,
    client: Client,
    words: Mapping[str, str | None],
) -> Write:
    """The entry of a start that policy refused; `words` are the reason and ticket that were given."""
    return recorded(
        work,
        Entry(
            action=Action.REFUSED,
            tenant_id=impersonator.tenant_id,
            impersonator_kind=kind_of(impersonator),
            impersonator_id=impersonator.id,
            impersonator_label=impersonator.label,
            target_id=target.id,
            target_label=target.label,
            client_id=client.label,
            reason=words.get("reason"),
            ticket=words.get("ticket"),
            rule=denied.rule,
            policy_version=denied.policy_version,
            code=denied.law,
        ),
    )


def kind_of(impersonator: Person | Client) -> ImpersonatorKind:
    """Whether a person or a service acts."""
    return ImpersonatorKind.USER if isinstance(impersonator, Person) else ImpersonatorKind.CLIENT
