"""One way out for every log line: for a person in development, for a machine in production, never with a secret."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from impersonator_api.settings import Settings

REDACTED = "[redacted]"

WHOSE: ContextVar[Mapping[str, str | None] | None] = ContextVar("whose", default=None)
"""The ids of the request that is being answered; every line says them."""

SECRET_NAMES = re.compile(
    r"authorization|cookie|password|passwd|secret|token|private_key|master_key|assertion|credential|database_url",
    re.IGNORECASE,
)
"""What a key that holds a secret is called."""

HARMLESS_NAMES = frozenset({"token_type", "token_use", "token_kind"})

SECRET_SHAPES = re.compile(
    r"""
    eyJ[\w-]{5,}\.[\w-]*(?:\.[\w-]*)*                                  # anything in a JWS's compact form
    | \b(?:Bearer|Basic|DPoP)\s+[^\s'",]+                              # an Authorization header's value
    | \b(?:client_secret|refresh_token|access_token|impersonatorToken|password|assertion
        |(?:handover_)?code|code_verifier)
      (?:=|"\s*:\s*"|'\s*:\s*')[^\s&'",]+                              # a form's or a JSON body's member
    | (?<=://)[^\s/@:]*:[^\s/@]+(?=@)                                  # user and password of a URL
    | -----BEGIN[^-]*PRIVATE\ KEY-----.*?(?:-----END[^-]*-----|\Z)     # a private key
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""What a secret looks like when it hides in a sentence."""

MAY_HIDE_ONE = re.compile(r"[\s=:]|[eE][yY][jJ]|-----")
"""In whatever has one of the shapes; most texts of a line have none of these, and are not looked at any further."""

QUIET_LOGGERS = ("uvicorn.access", "httpx", "httpcore", "alembic", "impersonator_api.pool")
"""We have our own access log; a fetched JWKS, a look at the schema or a pool that closes is not worth a line."""


def configure_logging(settings: Settings) -> None:
    """Make structlog and the standard library's loggers (uvicorn, SQLAlchemy, Alembic) speak alike, on stderr."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared, renderer = _shared_processors(), _renderer(settings)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_StderrFactory(),
        cache_logger_on_first_use=False,
    )
    _route_standard_library(level, shared, renderer)


def name_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that says whose line it is."""
    whose = WHOSE.get()
    return event if whose is None else {**whose, **event}


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that takes secrets out of a line, by their names and by their shapes."""
    return {key: redacted(value, name=key) for key, value in event.items()}


def redacted(value: object, *, name: str = "") -> object:
    """The value without secrets, however deep they lie."""
    if value and _names_a_secret(name):
        return REDACTED
    match value:
        case str():
            return SECRET_SHAPES.sub(REDACTED, value) if MAY_HIDE_ONE.search(value) else value
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {key: redacted(inner, name=str(key)) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redacted(inner) for inner in value]
        case _:
            # Whatever a renderer would print of it.
            return SECRET_SHAPES.sub(REDACTED, str(value))


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return name not in HARMLESS_NAMES and SECRET_NAMES.search(name) is not None


def _as_json(event: EventDict, **_options: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def _shared_processors() -> list[Processor]:
    return [
        name_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Before redaction and without local variables: a traceback's text is a line like any other.
        structlog.processors.format_exc_info,
        redact_secrets,
    ]


def _renderer(settings: Settings) -> Processor:
    if settings.logs_json:
        return structlog.processors.JSONRenderer(_as_json)
    # Its own default formatter would print local variables, and those hold tokens.
    formatter = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=formatter)


def _route_standard_library(level: int, shared: list[Processor], renderer: Processor) -> None:
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _drop_uvicorn_colors, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries at debug would log statements with their parameters, and headers.
    root.setLevel(max(level, logging.INFO))
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _drop_uvicorn_colors(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, Any]:
    event.pop("color_message", None)
    return event


class _Stderr:
    """Whatever `sys.stderr` is at the moment of writing; it may be replaced after the loggers were configured."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class _StderrFactory:
    """Makes structlog's loggers; diagnostics go to stderr, so that stdout belongs to what a command answers."""

    def __call__(self, *_args: object) -> structlog.PrintLogger:
        return structlog.PrintLogger(sys.stderr)
