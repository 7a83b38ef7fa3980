"""What the sessions' tables are asked and told."""

from impersonator_api.sessions.store.active import running_count
from impersonator_api.sessions.store.asking import (
    active_live,
    before_start,
    candidates,
    handed_over,
    live_document,
    live_json,
    live_one,
    one,
    one_of_tenant,
    overdue,
    running,
    running_json,
    session_json,
    several,
)
from impersonator_api.sessions.store.idempotency import answer_kept, answered_json, keys_deleted
from impersonator_api.sessions.store.listing import COUNTED_AT_MOST, listed_one, page
from impersonator_api.sessions.store.reading import session_from
from impersonator_api.sessions.store.targeting import one_and_its_target, running_as
from impersonator_api.sessions.store.writing import (
    Ending,
    activated,
    deactivated,
    decided_again,
    ended,
    inserted,
    not_ended,
    slot_taken_over,
    tenant_unchanged,
)

__all__ = [
    "COUNTED_AT_MOST",
    "Ending",
    "activated",
    "active_live",
    "answer_kept",
    "answered_json",
    "before_start",
    "candidates",
    "deactivated",
    "decided_again",
    "ended",
    "handed_over",
    "inserted",
    "keys_deleted",
    "listed_one",
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
    "several",
    "slot_taken_over",
    "tenant_unchanged",
]
