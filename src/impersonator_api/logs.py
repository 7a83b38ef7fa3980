"""One way out for every log line: for a person in development, for a machine in production, never with a secret."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from impersonator_api.settings import Settings

REDACTED = "[redacted]"

WHOSE: ContextVar[Mapping[str, str | None] | None] = ContextVar("whose", default=None)
"""The ids of the request that is being answered; every line says them."""

NOBODY: Mapping[str, str | None] = {}

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

NUMBERS = frozenset({int, float, bool, type(None)})

QUIET_LOGGERS = ("uvicorn.access", "httpx", "httpcore", "alembic", "impersonator_api.pool")
"""We have our own access log; a fetched JWKS, a look at the schema or a pool that closes is not worth a line."""


def configure_logging(settings: Settings) -> None:
    """Make structlog and the standard library's loggers (uvicorn, SQLAlchemy, Alembic) speak alike, on stderr."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    renderer = _renderer(settings)
    structlog.configure(
        processors=[complete, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    _route_standard_library(level, renderer)


def current_logger() -> FilteringBoundLogger:
    """The logger of the present configuration, for each request's line: structlog's proxy looks for it ten times."""
    present = structlog.get_config()
    logger: FilteringBoundLogger = present["wrapper_class"](present["logger_factory"](), present["processors"], {})
    return logger


def complete(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A processor that says whose line it is, how bad and when, and takes secrets out; each request writes a line."""
    line: EventDict = {**(WHOSE.get() or NOBODY), **event, "level": method}
    if "exc_info" in line:
        # Before redaction and without local variables: a traceback's text is a line like any other.
        line = structlog.processors.format_exc_info(logger, method, line)
    line = redact_secrets(logger, method, line)
    line["timestamp"] = msgspec.to_builtins(datetime.now(UTC))
    return line


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that takes secrets out of a line, by their names and by their shapes."""
    return event if _is_harmless(event) else {key: redacted(value, name=key) for key, value in event.items()}


def redacted(value: object, *, name: str = "") -> object:
    """The value without secrets, however deep they lie."""
    if value and _names_a_secret(name):
        return REDACTED
    match value:
        case str():
            return SECRET_SHAPES.sub(REDACTED, value) if _may_hide_one(value) else value
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {key: redacted(inner, name=str(key)) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redacted(inner) for inner in value]
        case _:
            # Whatever a renderer would print of it.
            return SECRET_SHAPES.sub(REDACTED, str(value))


def _may_hide_one(text: str) -> bool:
    """Whatever has one of the shapes says yes here; this is faster than an expression, and most texts say no."""
    return ":" in text or "=" in text or "-----" in text or "eyj" in text.lower() or len(text.split()) > 1


def _is_harmless(event: EventDict) -> bool:
    """Whether no name and no text is worth a look of its own; one look at all of them answers it for most lines."""
    texts = [value for value in event.values() if value.__class__ not in NUMBERS]
    try:
        return not (_any_names_a_secret(tuple(event)) or _may_hide_one("|".join(texts)))
    except TypeError:
        # Something with an inside.
        return False


@lru_cache(maxsize=1024)
def _any_names_a_secret(names: tuple[str, ...]) -> bool:
    return any(_names_a_secret(name) for name in names)


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return name not in HARMLESS_NAMES and SECRET_NAMES.search(name) is not None


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def _renderer(settings: Settings) -> Processor:
    if settings.logs_json:
        return _as_json
    # Its own default formatter would print local variables, and those hold tokens.
    formatter = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=formatter)


def _route_standard_library(level: int, renderer: Processor) -> None:
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, complete],
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
    """Whatever `sys.stderr` is at the moment of writing; stdout belongs to what a command answers."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def say(self, line: str) -> None:
        # In one piece, or the lines of two threads would mix.
        sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = say
