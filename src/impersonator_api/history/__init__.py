"""The past by months: where it lies, how long it is kept, and how a month of it goes."""

from impersonator_api.history.archive import Archived
from impersonator_api.history.errors import (
    ArchiveMissingError,
    ExportDiffersError,
    HistoryError,
    LettingGoError,
    MonthAliveError,
    MonthTooYoungError,
    MonthUnknownError,
    TableBusyError,
)
from impersonator_api.history.kinds import History
from impersonator_api.history.letting_go import Gone, archive_month, let_go
from impersonator_api.history.month import Month
from impersonator_api.history.partitions import MONTHS_AHEAD, Ahead, list_ahead, make_months
from impersonator_api.history.plan import Held, list_months

__all__ = [
    "MONTHS_AHEAD",
    "Ahead",
    "ArchiveMissingError",
    "Archived",
    "ExportDiffersError",
    "Gone",
    "Held",
    "History",
    "HistoryError",
    "LettingGoError",
    "Month",
    "MonthAliveError",
    "MonthTooYoungError",
    "MonthUnknownError",
    "TableBusyError",
    "archive_month",
    "let_go",
    "list_ahead",
    "list_months",
    "make_months",
]
