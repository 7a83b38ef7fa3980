"""Taking one of an impersonator's slots: "at most N active" is a constraint of the database, and this fills it."""

from collections.abc import Sequence
from itertools import count

from impersonator_api.database import LostRaceError
from impersonator_api.policy import Allowed, OnActive
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.errors import SessionAlreadyActiveError
from impersonator_api.sessions.session import EndReason, Session
from impersonator_api.sessions.snapshot import Row, Slot
from impersonator_api.sessions.store import Ending
from impersonator_api.work import Work


async def take_slot(work: Work, session: Session, held: Sequence[Slot], *, decision: Allowed, habit: OnActive) -> None:
    """Queue the slot's write; the database, not this code, is what makes two winners impossible.

    `habit` is what the door does about a session that is active, where the document does not say. Raises
    `SessionAlreadyActiveError` where it may not be replaced. One statement more where one is.
    """
    if decision.max_active is None:
        work.write(store.activated(session, slot=None))
        return
    surplus = len(held) - decision.max_active + 1
    if surplus <= 0:
        taken = {slot.number for slot in held}
        work.write(store.activated(session, slot=next(number for number in count() if number not in taken)))
        return
    # Several must go where the policy let more be active when they began; ids are as old as their sessions.
    going = sorted(held, key=lambda slot: (slot.expires_at > work.now, slot.session_id))[:surplus]
    running = [slot.session_id for slot in going if slot.expires_at > work.now]
    if running and (decision.on_active or habit) is OnActive.REJECT:
        raise SessionAlreadyActiveError("End your active session first.", session_id=str(running[0]))
    await _replace(work, session, going)


async def _replace(work: Work, session: Session, going: Sequence[Slot]) -> None:
    """Queue the end of sessions for a new one's sake: it takes over the first one's slot, the others' are freed."""
    first, *others = await _replaced(work, going)
    by = session.impersonator_label
    over, _, entry = remembered.ended(work, [first], by=by, rows=1)
    work.write(over, entry, store.slot_taken_over(session, going[0].number, holder=first.session))
    if others:
        work.write(*remembered.ended(work, others, by=by, rows=len(others)))


async def _replaced(work: Work, going: Sequence[Slot]) -> list[Ending]:
    rows = await work.read(store.several([slot.session_id for slot in going]))
    found = {ending.session.id: ending for ending in (_ending(work, row) for row in rows)}
    if len(found) != len(going):
        raise LostRaceError("A session that holds a slot went away meanwhile.")
    return [found[slot.session_id] for slot in going]


def _ending(work: Work, row: Row) -> Ending:
    session = store.session_from(row["session"])
    reason = EndReason.EXPIRED if session.expires_at <= work.now else EndReason.REPLACED
    return remembered.ending(work, session, reason=reason, client_label=row["client_label"])
