"""Every metric that this service tells: its name, what it means, and by what it is told apart."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What Prometheus does with a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Across(StrEnum):
    """What one answer makes of several workers' gauges; the words are prometheus_client's multiprocess modes."""

    LIVING_SUM = "livesum"
    LIVING_MAX = "livemax"
    MAX = "max"
    ASKED = "asked"  # nobody's own: the database or the settings are asked when Prometheus asks


# By identity: it is looked up with every count.
@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One family. `begins` are label values that are told as 0 from the start.

    Where a counter appears with its first count, Prometheus sees no increase: an alarm would miss the first one.
    """

    name: str
    kind: Kind
    means: str
    labels: tuple[str, ...] = ()
    begins: tuple[tuple[str, ...], ...] = ()
    across: Across = Across.LIVING_SUM


END_REASONS = (
    "stopped",
    "revoked",
    "replaced",
    "expired",
    "refresh_replayed",
    "impersonator_changed",
    "target_changed",
    "client_changed",
    "consent_withdrawn",
    "policy_changed",
    "tenant_opt_out",
    "kill_switch",
)
"""As `sessions.EndReason` has them, which stands above; a test keeps the two in step."""

ONCE: tuple[tuple[str, ...], ...] = ((),)


def _counter(name: str, means: str, *, begins: tuple[tuple[str, ...], ...] = ONCE, by: tuple[str, ...] = ()) -> Metric:
    return Metric(name, Kind.COUNTER, means, by, begins)


def _gauge(name: str, means: str, *, across: Across, by: tuple[str, ...] = ()) -> Metric:
    return Metric(name, Kind.GAUGE, means, by, across=across)


STARTED = _counter(
    "impersonator_sessions_started_total",
    "Sessions that began, by who acts: a user or a client.",
    by=("impersonator",),
    begins=(("user",), ("client",)),
)
ENDED = _counter(
    "impersonator_sessions_ended_total",
    "Sessions whose end was written down, by reason.",
    by=("reason",),
    begins=tuple((reason,) for reason in END_REASONS),
)
HANDED_OVER = _counter("impersonator_sessions_handed_over_total", "Hand-over codes that were traded for tokens.")
REFRESHED = _counter("impersonator_tokens_refreshed_total", "Refresh tokens that were traded for new tokens.")
REPLAYED = _counter(
    "impersonator_tokens_replayed_total",
    "Used refresh tokens that came back, each of which ended its session, and used hand-over codes, which do not.",
    by=("token",),
    begins=(("refresh_token",), ("handover_code",)),
)
EXCHANGED = _counter("impersonator_tokens_exchanged_total", "Token exchanges within a running session.")
REFUSED = _counter(
    "impersonator_refusals_total",
    "Refusals that the audit keeps, by law or error code, and by the policy's rule where one applied.",
    by=("code", "rule"),
    begins=(),
)
CALLERS_REFUSED = _counter(
    "impersonator_callers_refused_total",
    "Callers whose token was good and who may not come in, by error code.",
    by=("code",),
    begins=(),
)
INTROSPECTED = _counter(
    "impersonator_introspections_total",
    "Introspections, by whether the token was active.",
    by=("active",),
    begins=(("true",), ("false",)),
)
RATE_LIMITED = _counter(
    "impersonator_rate_limited_total",
    "Requests that had to wait (429), by limit.",
    by=("limit",),
    begins=(("failed",), ("token",), ("start",)),
)
TOKEN_CACHE = _counter(
    "impersonator_token_cache_total",
    "Access tokens whose signature was looked up, by whether it had been verified before.",
    by=("outcome",),
    begins=(("hit",), ("miss",)),
)
POOL_TIMEOUTS = _counter(
    "impersonator_pool_timeouts_total", "Requests that got no database connection within the pool's timeout (503)."
)
DUTIES = _counter(
    "impersonator_duties_total",
    "The worker's duties, by name and outcome.",
    by=("duty", "outcome"),
    begins=(),
)
ANSWERED = Metric(
    "impersonator_http_request_duration_seconds",
    Kind.HISTOGRAM,
    "Requests, by the route's template, method and class of status; a client that left is 4xx.",
    ("route", "method", "status"),
)
CPU = _counter("process_cpu_seconds_total", "Processor time of user and system, by worker.", by=("worker",), begins=())

DUTY_SUCCEEDED_AT = _gauge(
    "impersonator_duty_last_success_timestamp_seconds",
    "When a duty last went well, in seconds since 1970.",
    by=("duty",),
    across=Across.MAX,
)
DUTY_EVERY = _gauge("impersonator_duty_interval_seconds", "How often a duty is due.", by=("duty",), across=Across.MAX)
WORKERS = _gauge("impersonator_workers", "Worker processes that are alive.", across=Across.LIVING_SUM)
POOL_SIZE = _gauge(
    "impersonator_pool_size", "Database connections that the workers may hold.", across=Across.LIVING_SUM
)
POOL_CHECKED_OUT = _gauge("impersonator_pool_checked_out", "Database connections in use.", across=Across.LIVING_SUM)
POOL_WAITING = _gauge(
    "impersonator_pool_waiting", "Requests that wait for a database connection.", across=Across.LIVING_SUM
)
MEMORY = _gauge(
    "process_resident_memory_bytes", "Resident memory, by worker.", by=("worker",), across=Across.LIVING_MAX
)
OPEN_FILES = _gauge("process_open_fds", "Open file descriptors, by worker.", by=("worker",), across=Across.LIVING_MAX)
MOST_FILES = _gauge(
    "process_max_fds", "File descriptors that a worker may open.", by=("worker",), across=Across.LIVING_MAX
)
STARTED_AT = _gauge(
    "process_start_time_seconds",
    "When a worker started, in seconds since 1970.",
    by=("worker",),
    across=Across.LIVING_MAX,
)

ACTIVE_SESSIONS = _gauge(
    "impersonator_active_sessions", "Running sessions, counted up to 100 000.", across=Across.ASKED
)
DATABASE_ANSWERS = _gauge(
    "impersonator_database_answers", "1 where the database answered this scrape, else 0.", across=Across.ASKED
)
KEY_AGE = _gauge(
    "impersonator_signing_key_age_seconds",
    "For how long the current key has been signing, by algorithm.",
    by=("alg",),
    across=Across.ASKED,
)
KEY_LIFETIME = _gauge(
    "impersonator_signing_key_lifetime_seconds",
    "For how long a key is to sign (`IMPERSONATOR_SIGNING_KEY_LIFETIME`); absent where that is `off`.",
    across=Across.ASKED,
)
BUILD = _gauge("impersonator_build_info", "Always 1; its label is the version.", by=("version",), across=Across.ASKED)

METRICS = tuple(each for each in list(globals().values()) if isinstance(each, Metric))
"""All of them, in the order of this page."""
