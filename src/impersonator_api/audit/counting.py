"""What is counted of an entry, once it was really written: so that the metrics and the audit agree."""

from collections.abc import Callable, Mapping, Sequence

from impersonator_api import metrics
from impersonator_api.audit.entry import Action, Entry

REFRESH_REPLAYED = "refresh_replayed"
"""As sessions end for it; they stand above."""


def count(entries: Sequence[Entry], met: int) -> None:
    """Count entries that are committed; `met` of them were written, as some sessions may have ended already."""
    for entry in entries[:met]:
        counting = COUNTED.get(entry.action)
        if counting is not None:
            counting(entry)


def _ended(entry: Entry) -> None:
    metrics.session_ended(entry.code or "")


def _replayed(entry: Entry) -> None:
    # Whoever reloads a page sends its hand-over code again; only the other one is a reason to wake somebody up.
    metrics.token_replayed("refresh_token" if entry.code == REFRESH_REPLAYED else "handover_code")


COUNTED: Mapping[Action, Callable[[Entry], None]] = {
    Action.STARTED: lambda entry: metrics.session_started(entry.impersonator_kind or ""),
    Action.REFRESHED: lambda _: metrics.tokens_refreshed(),
    Action.HANDED_OVER: lambda _: metrics.session_handed_over(),
    Action.EXCHANGED: lambda _: metrics.token_exchanged(),
    Action.ENDED: _ended,
    Action.EXPIRED: _ended,
    Action.REFUSED: lambda entry: metrics.refused(entry.code or "", entry.rule),
    Action.REPLAYED: _replayed,
    Action.CALLER_REFUSED: lambda entry: metrics.caller_refused(entry.code or ""),
}
"""What an operator does by command is not among them: a command's process tells Prometheus nothing."""
