"""What is counted, in the words of those who count it; each costs a microsecond or two."""

from collections.abc import Callable
from functools import lru_cache

from impersonator_api.metrics import catalogue
from impersonator_api.metrics.meters import OTHER, meters

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
NO_ROUTE = "none"
CLASSES = ("other", "1xx", "2xx", "3xx", "4xx", "5xx")


def session_started(impersonator: str) -> None:
    """Count a start; `impersonator` is a user or a client."""
    meters()[catalogue.STARTED][(impersonator,)](1)


def session_ended(reason: str) -> None:
    """Count ends that were written down."""
    meters()[catalogue.ENDED][(reason,)](1)


def session_handed_over() -> None:
    """Count a hand-over code that was traded."""
    meters()[catalogue.HANDED_OVER][()](1)


def tokens_refreshed() -> None:
    """Count a refresh."""
    meters()[catalogue.REFRESHED][()](1)


def token_replayed(kind: str) -> None:
    """Count a used refresh token, or a used hand-over code, that came back."""
    meters()[catalogue.REPLAYED][(kind,)](1)


def token_exchanged() -> None:
    """Count an exchange within a running session."""
    meters()[catalogue.EXCHANGED][()](1)


def refused(code: str, rule: str | None) -> None:
    """Count a considered no; `code` is a law's name or an error's code."""
    meters()[catalogue.REFUSED][code, rule or ""](1)


def caller_refused(code: str) -> None:
    """Count a caller who is known and may not come in."""
    meters()[catalogue.CALLERS_REFUSED][(code,)](1)


def introspected(*, active: bool) -> None:
    """Count an introspection's answer."""
    meters()[catalogue.INTROSPECTED]["true" if active else "false",](1)


def rate_limited(limit: str) -> None:
    """Count a request that has to wait: for having failed, or for too many tokens or starts."""
    meters()[catalogue.RATE_LIMITED][(limit,)](1)


def token_cache_hit() -> None:
    """Count an access token that had been verified before."""
    meters()[catalogue.TOKEN_CACHE]["hit",](1)


def token_cache_missed() -> None:
    """Count an access token whose signature had to be verified."""
    meters()[catalogue.TOKEN_CACHE]["miss",](1)


def pool_timed_out() -> None:
    """Count a request that got no database connection in time."""
    meters()[catalogue.POOL_TIMEOUTS][()](1)


def duty_scheduled(duty: str, every: float) -> None:
    """Tell how often, in seconds, a duty of the worker is due."""
    meters()[catalogue.DUTY_EVERY][(duty,)](every)
    for outcome in ("done", "failed"):
        meters()[catalogue.DUTIES][duty, outcome](0)


def duty_done(duty: str, at: float) -> None:
    """Count a duty that went well, and remember when, in seconds since 1970."""
    meters()[catalogue.DUTIES][duty, "done"](1)
    meters()[catalogue.DUTY_SUCCEEDED_AT][(duty,)](at)


def duty_failed(duty: str) -> None:
    """Count a duty that failed."""
    meters()[catalogue.DUTIES][duty, "failed"](1)


def answered(route: str | None, method: str, status: int, seconds: float) -> None:
    """Observe a request: by its route's template, never by a path, of which there is no end."""
    _answer(route, method, status)(seconds)


# Bounded: a method is whatever a caller sends.
@lru_cache(maxsize=2048)
def _answer(route: str | None, method: str, status: int) -> Callable[[float], None]:
    kind = CLASSES[status // 100] if 0 <= status // 100 < len(CLASSES) else OTHER
    labels = (route or NO_ROUTE, method if method in METHODS else OTHER, kind)
    return meters()[catalogue.ANSWERED][labels]
