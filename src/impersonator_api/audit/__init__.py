"""The audit: who did what as whom, written once and never changed."""

from impersonator_api.audit.entry import Action, Entry
from impersonator_api.audit.line import as_line
from impersonator_api.audit.store import export, recorded, recorded_all, recorded_where_met

__all__ = ["Action", "Entry", "as_line", "export", "recorded", "recorded_all", "recorded_where_met"]
