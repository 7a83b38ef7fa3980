"""Everything an operator can set, read once from the environment and then frozen."""

import math
import os
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from impersonator_api.rates import OFF, Rate, StorageUrl

PREFIX = "IMPERSONATOR_"

OTEL = ("opentelemetry.sdk", "opentelemetry.instrumentation.asyncpg", "opentelemetry.exporter.otlp.proto.http")
"""Some modules of the extra `otel`; their names' beginning comes with FastAPI."""

Network = IPv4Network | IPv6Network


def _traceable(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be an http(s) URL without user and password, with its path")
    if not all(_is_installed(name) for name in OTEL):
        raise ValueError("needs OpenTelemetry: pip install 'impersonator-api[otel]'")
    return url


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        # Not even the package that it would be in.
        return False


Span = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=1))]
# Replicas learn of new and withdrawn keys at their worker's pace, so its rounds are short wherever they are set.
Pause = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(seconds=30))]
Drain = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(minutes=10))]
MetricsToken = Annotated[SecretStr, Field(min_length=32, max_length=256)]
TracesUrl = Annotated[str, AfterValidator(_traceable)]
KeyLifetime = Annotated[
    Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=3650))] | None,
    BeforeValidator(lambda value: None if value in {"off", "0"} else value),
]
KeptMonths = Annotated[
    Annotated[int, Field(ge=1, le=1200)] | None, BeforeValidator(lambda value: None if value == "forever" else value)
]


class Environment(StrEnum):
    """Where the service runs; production refuses what is only fit for development."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log lines look: for a person or for a machine."""

    CONSOLE = "console"
    JSON = "json"


class UnknownSettingError(Exception):
    """An environment variable has our prefix and no meaning; a typing mistake must not go unseen."""


class Settings(BaseSettings):
    """The service's settings; each is the environment variable of its name with the prefix `IMPERSONATOR_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Environment = Field(Environment.DEVELOPMENT, description="`development` or `production`.")
    issuer: str = Field(
        "http://127.0.0.1:8000",
        description="The `iss` of every token, byte for byte; https, or http on loopback in development.",
    )
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL ≥ 15 for the service's role; unset: embedded PostgreSQL in `DATA_DIR`."
    )
    owner_database_url: SecretStr | None = Field(
        None, description="The same database for its owner, used by `migrate` alone; unset: `DATABASE_URL`."
    )
    data_dir: Path = Field(Path(".impersonator"), description="Where the embedded database and development keys lie.")
    master_key: SecretStr | None = Field(
        None,
        description="32 bytes in base64; several, separated by commas: the first encrypts, all decrypt. "
        "Unset in development: made once in `DATA_DIR`.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="Networks, separated by commas, whose `X-Forwarded-For` is believed."
    )
    failed_rate_limit: Rate = Field(
        "30/minute", description="Failures and refusals of one client or caller at one address, before it must wait."
    )
    failed_address_rate_limit: Rate = Field(
        "300/minute", description="The same of one address (IPv6: one /64), whoever it says it is."
    )
    token_rate_limit: Rate = Field(OFF, description="Requests at the token endpoint of one client at one address.")
    start_rate_limit: Rate = Field(OFF, description="Starts that one person or service asks for, from anywhere.")
    rate_limit_storage_url: StorageUrl | None = Field(
        None, description="Redis or Valkey where all processes count together; unset: each counts by itself."
    )
    rate_limit_storage_timeout: Span = Field(
        timedelta(milliseconds=500), description="How long a request waits for it before its process counts by itself."
    )
    access_token_lifetime: Span = Field(timedelta(minutes=5), description="Of impersonation access tokens.")
    service_token_lifetime: Span = Field(timedelta(hours=1), description="Of client-credentials access tokens.")
    act_depth: int = Field(2, ge=1, le=8, description="How many actors a token may name, one inside the other.")
    jwks_max_age: Span = Field(timedelta(minutes=5), description="How long verifiers may cache our JWKS.")
    signing_key_lifetime: KeyLifetime = Field(
        timedelta(days=90), description="How long a key signs before its next one takes over; `off`: only by command."
    )
    metrics_token: MetricsToken | None = Field(
        None, description="What Prometheus must show to read `/metrics`, 32 characters or more; unset: there is none."
    )
    sessions_kept_months: KeptMonths = Field(
        None, description="Months after its own that a month of sessions is kept; unset or `forever`: for ever."
    )
    refresh_tokens_kept_months: KeptMonths = Field(
        None, description="The same of refresh tokens, no longer than sessions; unset: as long as sessions."
    )
    audit_kept_months: KeptMonths = Field(
        None, description="The same of the audit, no shorter than sessions; unset or `forever`: for ever."
    )
    traces_url: TracesUrl | None = Field(
        None, description="Where traces go, by OTLP over HTTP: `http://collector:4318/v1/traces`; unset: nowhere."
    )
    traces_share: float = Field(
        1.0, ge=0, le=1, description="Of the traces that begin here; a caller's are sent where the caller says so."
    )
    log_format: LogFormat | None = Field(None, description="`console` or `json`; unset: json in production.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")
    pool_size: int = Field(16, ge=1, le=200, description="Database connections of one worker process.")
    pool_timeout: Span = Field(
        timedelta(seconds=2), description="How long a request waits for a connection before 503."
    )
    statement_timeout: Span = Field(timedelta(seconds=5), description="How long one SQL statement may take.")
    lock_timeout: Span = Field(timedelta(seconds=2), description="How long one SQL statement may wait for a lock.")
    max_connections: int = Field(
        4096,
        ge=8,
        le=65_000,
        description="Client connections of one worker process; beyond it those that rest longest are closed.",
    )
    keep_alive: Span = Field(
        timedelta(seconds=75),
        description="How long a connection may rest between requests; longer than your proxy keeps its own.",
    )
    drain: Drain | None = Field(
        None,
        description="After SIGTERM, how long everything is still answered while `/health/ready` says no; unset: 5 "
        "seconds in production, else none.",
    )
    worker_interval: Pause = Field(timedelta(seconds=5), description="Between two rounds of the worker's duties.")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("issuer")
    @classmethod
    def _issuer_is_a_plain_url(cls, value: str) -> str:
        parts = urlsplit(value)
        # RFC 8414 §2: an issuer identifier has neither query nor fragment.
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            message = "must be an http(s) URL without query and fragment"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _fit_for_its_environment(self) -> Self:
        if self.is_production:
            self._refuse_development_only()
        elif urlsplit(self.issuer).scheme == "http" and not is_loopback(self.issuer):
            message = "IMPERSONATOR_ISSUER: http is for loopback only"
            raise ValueError(message)
        return self

    def _refuse_development_only(self) -> None:
        complaints = {
            "IMPERSONATOR_DATABASE_URL must be set: the embedded database is for development": self.database_url
            is None,
            "IMPERSONATOR_MASTER_KEY must be set: 32 random bytes in base64": self.master_key is None,
            "IMPERSONATOR_ISSUER must be https": urlsplit(self.issuer).scheme != "https",
        }
        found = [complaint for complaint, holds in complaints.items() if holds]
        if found:
            raise ValueError("; ".join(found))

    @model_validator(mode="after")
    def _nothing_outlives_what_explains_it(self) -> Self:
        of_tokens, of_sessions, of_audit = (
            math.inf if months is None else months
            for months in (self.refresh_tokens_kept_months, self.sessions_kept_months, self.audit_kept_months)
        )
        if of_sessions > of_audit or (of_tokens > of_sessions and of_tokens < math.inf):
            message = "keep refresh tokens no longer than sessions, and sessions no longer than the audit"
            raise ValueError(message)
        return self

    @property
    def is_production(self) -> bool:
        """Whether development's conveniences are off."""
        return self.environment is Environment.PRODUCTION

    @property
    def drains_for(self) -> timedelta:
        """How long a server that was told to go still answers."""
        if self.drain is not None:
            return self.drain
        return timedelta(seconds=5) if self.is_production else timedelta(0)

    @property
    def logs_json(self) -> bool:
        """Whether log lines are for a machine."""
        return self.log_format is LogFormat.JSON if self.log_format else self.is_production


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this very machine."""
    return (urlsplit(url).hostname or "") in {"localhost", "127.0.0.1", "::1"}


def load_settings(environ: Mapping[str, str] = os.environ, **overrides: object) -> Settings:
    """Read the settings; raises `UnknownSettingError` or pydantic's `ValidationError`, which never shows a value."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    # The test suite's own variables share our prefix and mean nothing to the service.
    unknown = [name for name in unknown if not name.startswith(f"{PREFIX}TEST_")]
    if unknown:
        message = f"Unknown settings: {', '.join(unknown)}. See docs/reference/settings.md."
        raise UnknownSettingError(message)
    return Settings(**overrides)  # type: ignore[arg-type]  # names are checked by pydantic
