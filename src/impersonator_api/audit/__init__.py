"""The audit: who did what as whom, written once and never changed."""

from impersonator_api.audit.entry import Action, Entry
from impersonator_api.audit.store import export, recorded, recorded_where_met

__all__ = ["Action", "Entry", "export", "recorded", "recorded_where_met"]
