"""Impersonation sessions: how they begin, go on and end."""

from impersonator_api.sessions.admit import (
    admit_anybody,
    admit_ender,
    admit_impersonator,
    admit_reader,
    admit_service,
    admit_starter,
    starter_of,
)
from impersonator_api.sessions.by_credentials import StartRequest, end_by, find_page_for, start_by
from impersonator_api.sessions.consider import SCOPES, Wish
from impersonator_api.sessions.context import ASKED_AT_THE_START, Search, find_context, find_targets, newest_running
from impersonator_api.sessions.counting import count_running
from impersonator_api.sessions.end import Ended, Ender, end, end_disallowed, expire_overdue, revoke
from impersonator_api.sessions.errors import (
    IdempotencyKeyReusedError,
    IdempotencySessionOverError,
    ImpersonationTokenNotAllowedError,
    RightMissingError,
    SessionNotRunningError,
)
from impersonator_api.sessions.filters import Filters
from impersonator_api.sessions.grant import effective_permissions, grant_of
from impersonator_api.sessions.handover import (
    HandedOver,
    HandoverLink,
    HandoverWish,
    find_handed_over,
    live_session,
)
from impersonator_api.sessions.idempotency import (
    Earlier,
    Repeatable,
    drop_idempotency_keys,
    earlier_json,
    find_earlier,
    kept,
)
from impersonator_api.sessions.identify import Identified, identify
from impersonator_api.sessions.listing import (
    Listed,
    Page,
    PageRequest,
    Reader,
    find_all_active,
    find_page,
    find_tenant_of,
    find_whole_page,
    load_one,
)
from impersonator_api.sessions.live import (
    SERVICE_ITSELF,
    hold,
    holders_json,
    live_document,
    live_in,
    load_live,
    refuse_idle_holders,
)
from impersonator_api.sessions.logout import log_out
from impersonator_api.sessions.opening import Starter, explain_start, open_repeatable, open_session
from impersonator_api.sessions.remembered import ended, ending, entry_of
from impersonator_api.sessions.session import EndReason, ImpersonatorKind, Session, SessionStatus
from impersonator_api.sessions.snapshot import Live
from impersonator_api.sessions.start import Started, start
from impersonator_api.sessions.summary import Summary
from impersonator_api.sessions.surroundings import Grounds, Surroundings
from impersonator_api.sessions.targeted import Targeted, end_targeting, find_targeting, load_user, user_from
from impersonator_api.sessions.totals import CappedTotals

__all__ = [
    "ASKED_AT_THE_START",
    "SCOPES",
    "SERVICE_ITSELF",
    "CappedTotals",
    "Earlier",
    "EndReason",
    "Ended",
    "Ender",
    "Filters",
    "Grounds",
    "HandedOver",
    "HandoverLink",
    "HandoverWish",
    "IdempotencyKeyReusedError",
    "IdempotencySessionOverError",
    "Identified",
    "ImpersonationTokenNotAllowedError",
    "ImpersonatorKind",
    "Listed",
    "Live",
    "Page",
    "PageRequest",
    "Reader",
    "Repeatable",
    "RightMissingError",
    "Search",
    "Session",
    "SessionNotRunningError",
    "SessionStatus",
    "StartRequest",
    "Started",
    "Starter",
    "Summary",
    "Surroundings",
    "Targeted",
    "Wish",
    "admit_anybody",
    "admit_ender",
    "admit_impersonator",
    "admit_reader",
    "admit_service",
    "admit_starter",
    "count_running",
    "drop_idempotency_keys",
    "earlier_json",
    "effective_permissions",
    "end",
    "end_by",
    "end_disallowed",
    "end_targeting",
    "ended",
    "ending",
    "entry_of",
    "expire_overdue",
    "explain_start",
    "find_all_active",
    "find_context",
    "find_earlier",
    "find_handed_over",
    "find_page",
    "find_page_for",
    "find_targeting",
    "find_targets",
    "find_tenant_of",
    "find_whole_page",
    "grant_of",
    "hold",
    "holders_json",
    "identify",
    "kept",
    "live_document",
    "live_in",
    "live_session",
    "load_live",
    "load_one",
    "load_user",
    "log_out",
    "newest_running",
    "open_repeatable",
    "open_session",
    "refuse_idle_holders",
    "revoke",
    "start",
    "start_by",
    "starter_of",
    "user_from",
]
