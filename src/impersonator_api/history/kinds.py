"""The three kinds of history that lie in months."""

from enum import StrEnum

from impersonator_api.settings import Settings


class History(StrEnum):
    """What is kept by months, in the order in which a month of it goes: who points at something before that thing."""

    REFRESH_TOKENS = "refresh-tokens"
    SESSIONS = "sessions"
    AUDIT = "audit"

    @property
    def table(self) -> str:
        """The partitioned table."""
        return TABLES[self]

    def kept_months(self, settings: Settings) -> int | None:
        """For how many months after its own a month stays; `None` for ever."""
        match self:
            case History.REFRESH_TOKENS:
                return settings.refresh_tokens_kept_months or settings.sessions_kept_months
            case History.SESSIONS:
                return settings.sessions_kept_months
            case History.AUDIT:
                return settings.audit_kept_months


TABLES = {
    History.REFRESH_TOKENS: "refresh_tokens",
    History.SESSIONS: "impersonation_sessions",
    History.AUDIT: "audit_entries",
}
