"""Traces of requests, statements and fetches, for whoever collects them; nothing of it is loaded unless it is on."""

from typing import TYPE_CHECKING

from impersonator_api.settings import Settings

if TYPE_CHECKING:
    from impersonator_api.tracing.tracing import Tracing

__all__ = ["open_tracing"]


def open_tracing(settings: Settings) -> "Tracing | None":
    """What traces this process, where the settings name a place for it; nothing is sent before it runs."""
    if settings.traces_url is None:
        return None
    # The extra `otel` may not be installed, and OpenTelemetry takes a while to load.
    from impersonator_api.tracing.tracing import Tracing  # noqa: PLC0415

    return Tracing(settings.traces_url, share=settings.traces_share)
