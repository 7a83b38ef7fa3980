"""What the sessions' tables are asked and told."""

from impersonator_api.sessions.store.asking import (
    BY_ID,
    before_start,
    candidates,
    handed_over,
    is_active_in,
    live,
    live_document,
    live_json,
    live_one,
    one,
    one_of_tenant,
    overdue,
    running,
    running_json,
    session_json,
)
from impersonator_api.sessions.store.counting import running_count
from impersonator_api.sessions.store.idempotency import answer_kept, answered_json, keys_deleted
from impersonator_api.sessions.store.listing import COUNTED_AT_MOST, listed_one, page
from impersonator_api.sessions.store.reading import SORTED, session_from
from impersonator_api.sessions.store.targeting import one_and_its_target, running_as
from impersonator_api.sessions.store.writing import (
    Ending,
    decided_again,
    ended,
    inserted,
    not_ended,
    slot_freed,
    slot_taken,
    slot_taken_over,
    tenant_unchanged,
)

__all__ = [
    "BY_ID",
    "COUNTED_AT_MOST",
    "SORTED",
    "Ending",
    "answer_kept",
    "answered_json",
    "before_start",
    "candidates",
    "decided_again",
    "ended",
    "handed_over",
    "inserted",
    "is_active_in",
    "keys_deleted",
    "listed_one",
    "live",
    "live_document",
    "live_json",
    "live_one",
    "not_ended",
    "one",
    "one_and_its_target",
    "one_of_tenant",
    "overdue",
    "page",
    "running",
    "running_as",
    "running_count",
    "running_json",
    "session_from",
    "session_json",
    "slot_freed",
    "slot_taken",
    "slot_taken_over",
    "tenant_unchanged",
]
