"""Taking one of an impersonator's slots: "at most N active" is a constraint of the database, and this fills it."""

from collections.abc import Sequence
from itertools import count

from impersonator_api.policy import Allowed, OnActive
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.errors import SessionAlreadyActiveError
from impersonator_api.sessions.session import EndReason, Session
from impersonator_api.sessions.snapshot import Slot
from impersonator_api.sessions.store import Ending
from impersonator_api.work import Work


def take_slot(work: Work, session: Session, held: Sequence[Slot], *, decision: Allowed, habit: OnActive) -> None:
    """Queue the slot's write; the database, not this code, is what makes two winners impossible.

    `habit` is what the door does about a session that is active, where the document does not say. Raises
    `SessionAlreadyActiveError` where it may not be replaced.
    """
    if decision.max_active is None:
        return
    surplus = len(held) - decision.max_active + 1
    if surplus <= 0:
        taken = {slot.number for slot in held}
        work.write(store.slot_taken(session, next(number for number in count() if number not in taken)))
        return
    # Several must go where the policy let more be active when they began.
    going = sorted(held, key=lambda slot: (slot.session.expires_at > work.now, slot.session.started_at))[:surplus]
    running = [slot.session for slot in going if slot.session.expires_at > work.now]
    if running and (decision.on_active or habit) is OnActive.REJECT:
        raise SessionAlreadyActiveError("End your active session first.", session_id=str(running[0].id))
    _replace(work, session, going)


def _replace(work: Work, session: Session, going: Sequence[Slot]) -> None:
    """Queue the end of sessions for a new one's sake: it takes over the first one's slot, the others' are freed."""
    first, *others = going
    by = session.impersonator_label
    guard, _, entry = remembered.ended(work, [_replaced(work, first)], by=by, rows=1)
    taken_over = store.slot_taken_over(session, first.number, holder=first.session, holder_ended=guard)
    work.write(guard, entry, taken_over)
    if others:
        over = [_replaced(work, slot) for slot in others]
        work.write(*remembered.ended(work, over, by=by, rows=len(over)))


def _replaced(work: Work, slot: Slot) -> Ending:
    is_overdue = slot.session.expires_at <= work.now
    reason = EndReason.EXPIRED if is_overdue else EndReason.REPLACED
    return remembered.ending(work, slot.session, reason=reason, client_label=slot.client_label)
