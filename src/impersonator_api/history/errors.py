"""Why a month of the past does not go; no door of the service ever says so, only a command does."""


class HistoryError(Exception):
    """A month stays; the message says what to do."""

    code = "history-kept"


class MonthUnknownError(HistoryError):
    """There is no such month."""

    code = "month-unknown"


class MonthTooYoungError(HistoryError):
    """The settings keep that month for longer."""

    code = "month-too-young"


class MonthAliveError(HistoryError):
    """Something in it still counts: a session that nobody has ended, a refresh token that has not expired."""

    code = "month-alive"


class ArchiveMissingError(HistoryError):
    """The audit goes only after it was written elsewhere."""

    code = "archive-missing"


class ExportDiffersError(HistoryError):
    """What lies in the archive is not what lies in the table."""

    code = "export-differs"


class LettingGoError(HistoryError):
    """Somebody else is at it."""

    code = "retention-running"


class TableBusyError(HistoryError):
    """Whoever uses the table did not let go of it for a moment."""

    code = "table-busy"
