"""How impersonations end: by hand, by time, and by what changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.consider import consider_again
from impersonator_api.sessions.errors import (
    NoActiveSessionError,
    NotYourSessionError,
    SessionAlreadyEndedError,
    SessionUnknownError,
    SeveralActiveError,
)
from impersonator_api.sessions.live import SERVICE_ITSELF
from impersonator_api.sessions.session import EndReason, Session
from impersonator_api.sessions.snapshot import Live, live_from
from impersonator_api.sessions.store import Ending
from impersonator_api.work import Work

SWEPT_AT_ONCE = 200
MOST_ROUNDS = 25
"""Of one sweep: its transaction must end before its locks are in anybody's way."""

DECIDED_AT_ONCE = 200


class Ender(Struct, frozen=True, kw_only=True):
    """Who ends, with the sessions in reach.

    `own` is the session behind an impersonation token, the only one it reaches; `running` are the caller's
    sessions as they came with him.
    """

    tenant_id: UUID
    id: UUID
    label: str
    may_end_any: bool = False
    own: Live | None = None
    running: Sequence[Mapping[Any, Any]] = ()
    is_service: bool = False


class Ended(Struct, frozen=True, kw_only=True):
    """A session that is over, and how long it lasted."""

    session_id: UUID
    lasted: timedelta


async def end(work: Work, *, ender: Ender, session_id: UUID | None = None) -> Ended:
    """End a session by hand: the one named, else the only one there is. It is dead at every door at once.

    Raises 404 where nothing is active or known, 409 for one that is over or where several are active, and a
    recorded refusal for somebody else's.
    """
    if ender.own is not None:
        return await _end_own(work, ender, ender.own, session_id)
    if session_id is None:
        return await _end_only(work, ender)
    session, label = await _load_named(work, ender, session_id)
    if session.impersonator_id != ender.id and not ender.may_end_any:
        raise NotYourSessionError(
            "Ending other people's sessions needs the permission impersonation.end_any.",
            record=[remembered.not_yours(work, session, client_label=label, by=ender.label)],
        )
    _refuse_ended(work, session)
    return _end(work, session, ender=ender, client_label=label)


async def revoke(work: Work, *, session_id: UUID, by: str) -> None:
    """End a session because one of its tokens was given back; one that is over stays as it is."""
    session, label = await _load_one(work, session_id)
    over = remembered.ending(work, session, reason=EndReason.REVOKED, client_label=label)
    if session.is_running(work.now):
        work.write(*remembered.ended(work, [over], by=by))


async def _end_own(work: Work, ender: Ender, live: Live, session_id: UUID | None) -> Ended:
    if session_id not in {None, live.session.id}:
        raise NotYourSessionError(
            "An impersonation token ends its own session only.",
            record=[remembered.not_yours(work, live.session, client_label=live.client.label, by=ender.label)],
        )
    session, label = live.session, live.client.label
    if work.run:
        session, label = await _load_one(work, session.id)
    _refuse_ended(work, session)
    return _end(work, session, ender=ender, client_label=label)


async def _end_only(work: Work, ender: Ender) -> Ended:
    running = await _running_now(work, ender) if work.run else ender.running
    if not running and ender.is_service:
        # A service may have any number of sessions and holds no slot by which they would come along.
        raise SeveralActiveError("Say which one to end with session_id.")
    if not running:
        raise NoActiveSessionError("You have no active impersonation session.")
    if len(running) > 1:
        raise SeveralActiveError("Say which one to end with session_id.")
    (row,) = running
    return _end(work, store.session_from(row["session"]), ender=ender, client_label=row["client_label"])


async def _running_now(work: Work, ender: Ender) -> Sequence[Mapping[Any, Any]]:
    """What came along with the caller was overtaken: ask again."""
    running: Sequence[Mapping[Any, Any]] = (await work.read(store.running(ender.id, work.now))).scalar_one()
    return running


async def _load_named(work: Work, ender: Ender, session_id: UUID) -> tuple[Session, str]:
    row: Mapping[Any, Any] | None = next(
        (held for held in ender.running if held["session"]["id"] == str(session_id) and not work.run), None
    )
    if row is None:
        row = (await work.read(store.one_of_tenant(ender.tenant_id, session_id))).one_or_none()
    if row is None:
        raise SessionUnknownError("No impersonation session of your organisation has that id.")
    return store.session_from(row["session"]), row["client_label"]


async def _load_one(work: Work, session_id: UUID) -> tuple[Session, str]:
    """The session behind a token that was verified, whatever its state."""
    row = (await work.read(store.one(session_id))).one_or_none()
    if row is None:
        raise SessionUnknownError("The session of this token is not known.")
    return store.session_from(row["session"]), row["client_label"]


def _refuse_ended(work: Work, session: Session) -> None:
    if not session.is_running(work.now):
        raise SessionAlreadyEndedError("This session is over; nothing was changed.")


async def expire_overdue(work: Work) -> int:
    """Write down the end of overdue sessions, a batch at a time; expiry itself needs no sweeper."""
    swept = 0
    for _ in range(MOST_ROUNDS):
        rows = await work.read(store.overdue(work.now, SWEPT_AT_ONCE))
        if not rows:
            break
        over = [
            remembered.ending(
                work, store.session_from(row["session"]), reason=EndReason.EXPIRED, client_label=row["client_label"]
            )
            for row in rows
        ]
        work.write(*remembered.ended(work, over, by=SERVICE_ITSELF))
        await work.send()
        swept += len(rows)
    return swept


async def end_disallowed(work: Work, tenant_id: UUID) -> Counter[EndReason]:
    """End what a tenant's change no longer allows, in the change's own transaction; answers how many, by reason.

    Whoever changes directory, clients, consents or policy calls this after raising the tenant's revision.
    What is still allowed is not touched: its next use decides it again, and narrows it where it must.
    """
    ended: Counter[EndReason] = Counter()
    after: UUID | None = None
    while batch := await _active(work, tenant_id, after):
        decided = [(live, consider_again(live, work.now)) for live in batch]
        over = [_ending(work, live, reason) for live, reason in decided if isinstance(reason, EndReason)]
        ended.update(each.reason for each in over)
        if over:
            work.write(*remembered.ended(work, over, by=SERVICE_ITSELF))
        await work.send()
        after = batch[-1].session.id
    return ended


async def _active(work: Work, tenant_id: UUID, after: UUID | None) -> Sequence[Live]:
    question = store.active_live(tenant_id, after=after, limit=DECIDED_AT_ONCE)
    return [live_from(row) for row in (await work.read(question))]


def _ending(work: Work, live: Live, reason: EndReason) -> Ending:
    is_overdue = not live.session.is_running(work.now)
    why = EndReason.EXPIRED if is_overdue else reason
    return remembered.ending(work, live.session, reason=why, client_label=live.client.label)


def _end(work: Work, session: Session, *, ender: Ender, client_label: str) -> Ended:
    reason = EndReason.STOPPED if session.impersonator_id == ender.id else EndReason.REVOKED
    over = remembered.ending(work, session, reason=reason, client_label=client_label)
    work.write(*remembered.ended(work, [over], by=ender.label, rows=1))
    return Ended(session_id=session.id, lasted=session.lasted(work.now))
