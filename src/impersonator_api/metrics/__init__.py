"""What is counted while the service works, and told to Prometheus; domains count in words of their own."""

from impersonator_api.metrics.counts import (
    answered,
    caller_refused,
    duty_done,
    duty_failed,
    duty_scheduled,
    introspected,
    pool_timed_out,
    rate_limited,
    refused,
    session_ended,
    session_handed_over,
    session_started,
    token_cache_hit,
    token_cache_missed,
    token_exchanged,
    token_replayed,
    tokens_refreshed,
)
from impersonator_api.metrics.exposition import MEDIA_TYPE, Fact, exposed
from impersonator_api.metrics.sampling import PoolUse, Sampler, sampling
from impersonator_api.metrics.together import counting_together

__all__ = [
    "MEDIA_TYPE",
    "Fact",
    "PoolUse",
    "Sampler",
    "answered",
    "caller_refused",
    "counting_together",
    "duty_done",
    "duty_failed",
    "duty_scheduled",
    "exposed",
    "introspected",
    "pool_timed_out",
    "rate_limited",
    "refused",
    "sampling",
    "session_ended",
    "session_handed_over",
    "session_started",
    "token_cache_hit",
    "token_cache_missed",
    "token_exchanged",
    "token_replayed",
    "tokens_refreshed",
]
