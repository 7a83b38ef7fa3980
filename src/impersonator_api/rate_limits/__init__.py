"""How often something may happen, and how long to wait once it has happened that often."""

from pydantic import SecretStr

from impersonator_api.rate_limits.limiter import RateLimiter, Tally
from impersonator_api.rate_limits.own import OwnCounts, Seconds

__all__ = ["OwnCounts", "RateLimiter", "Seconds", "Tally", "open_limiter"]


def open_limiter(storage_url: SecretStr | None, *, clock: Seconds) -> RateLimiter:
    """A limiter that counts in this process, or in the shared storage at that URL; nothing is connected yet."""
    if storage_url is None:
        return RateLimiter(clock)
    # Redis's client is an extra: who keeps the counts in memory needs none.
    from impersonator_api.rate_limits.shared import SharedCounts  # noqa: PLC0415

    return RateLimiter(clock, shared=SharedCounts(storage_url.get_secret_value()))
