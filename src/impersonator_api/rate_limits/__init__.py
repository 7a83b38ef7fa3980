"""How often something may happen, and how long to wait once it has happened that often."""

from impersonator_api.rate_limits.limiter import RateLimiter, Tally
from impersonator_api.rate_limits.own import OwnCounts, Seconds
from impersonator_api.settings import Settings

__all__ = ["OwnCounts", "RateLimiter", "Seconds", "Tally", "open_limiter"]


def open_limiter(settings: Settings, *, clock: Seconds) -> RateLimiter:
    """A limiter that counts in this process, or in the shared storage that is set; nothing is connected yet."""
    url = settings.rate_limit_storage_url
    if url is None:
        return RateLimiter(clock)
    # Redis's client is an extra: who keeps the counts in memory needs none.
    from impersonator_api.rate_limits.shared import SharedCounts  # noqa: PLC0415

    patience = settings.rate_limit_storage_timeout
    return RateLimiter(clock, shared=SharedCounts(url.get_secret_value()), patience=patience)
