"""Impersonation sessions: how they begin, go on and end."""

from impersonator_api.sessions.consider import SCOPES, Wish
from impersonator_api.sessions.end import Ended, Ender, end_disallowed, end_one, end_own, expire_overdue
from impersonator_api.sessions.errors import ImpersonationTokenNotAllowedError, RightMissingError, SessionNotRunningError
from impersonator_api.sessions.grant import effective_permissions, grant_of
from impersonator_api.sessions.listing import Filters, Listed, Page, Reader, find_page, load_one
from impersonator_api.sessions.live import SERVICE_ITSELF, load_live
from impersonator_api.sessions.remembered import ended, ending, entry_of
from impersonator_api.sessions.session import EndReason, ImpersonatorKind, Session, SessionStatus
from impersonator_api.sessions.snapshot import Live
from impersonator_api.sessions.start import Started, Starter, start
from impersonator_api.sessions.store import running_json

__all__ = [
    "SCOPES", "SERVICE_ITSELF", "EndReason", "Ended", "Ender", "Filters", "ImpersonationTokenNotAllowedError", "ImpersonatorKind", "Listed", "Live", "Page", "Reader",
    "RightMissingError", "Session", "SessionNotRunningError", "SessionStatus", "Started",
    "Starter", "Wish", "effective_permissions", "end_disallowed", "end_one", "end_own", "ended", "ending", "entry_of", "expire_overdue",
    "find_page", "grant_of", "load_live", "load_one", "running_json", "start",
]
