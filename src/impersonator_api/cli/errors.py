"""What a command says no with: one line and a stable code, never a traceback."""

import re

from pydantic import ValidationError

from impersonator_api import embedded, logs
from impersonator_api.database import DatabaseAwayError
from impersonator_api.errors import ServiceError
from impersonator_api.history import HistoryError
from impersonator_api.settings import PREFIX, UnknownSettingError

DRIVER_CLASS = re.compile(r"^<class '[^']*'>: ")
"""With what SQLAlchemy's driver begins its errors."""


class CommandError(Exception):
    """A command cannot do what was asked; the message says what to do."""

    code = "command-failed"


class SettingsInvalidError(CommandError):
    """A setting has a value that cannot be, or not in this environment."""

    code = "settings-invalid"


class NotPostgresError(CommandError):
    """The database's URL names another kind of database."""

    code = "not-postgres"


class SchemaBehindError(CommandError):
    """The database's schema is not the one this version was written for."""

    code = "schema-behind"


class PortTakenError(CommandError):
    """Somebody else listens there."""

    code = "port-taken"


class NotInProductionError(CommandError):
    """What is for development alone."""

    code = "not-in-production"


class PersonUnknownError(CommandError):
    """Nobody has that e-mail address or external id."""

    code = "person-unknown"


class PersonAmbiguousError(CommandError):
    """Somebody of that name is in several tenants."""

    code = "person-ambiguous"


class SessionUnknownError(CommandError):
    """No session has that id."""

    code = "session-unknown"


class FileUnusableError(CommandError):
    """A file cannot be read or written."""

    code = "file-unusable"


class PolicyInvalidError(CommandError):
    """A policy document that cannot be understood; every fault has its line."""

    code = "invalid-policy"


class NotAPolicyError(CommandError):
    """A file that holds something else."""

    code = "not-a-policy"


class KeycloakExportError(CommandError):
    """A Keycloak export where a realm file was expected."""

    code = "keycloak-export"


def told(error: Exception) -> tuple[str, str] | None:
    """The code and the words of an error that is meant to be read, or None for a bug."""
    match error:
        case CommandError():
            code, words = error.code, str(error)
        case ServiceError():
            code, words = error.code, error.detail + _cause(error)
        case UnknownSettingError():
            code, words = "setting-unknown", str(error)
        case HistoryError():
            code, words = error.code, str(error)
        case embedded.EmbeddedUnavailable():
            code, words = "embedded-unavailable", str(error)
        case _:
            return None
    return code, str(logs.redacted(words))


def settings_faults(error: ValidationError) -> list[str]:
    """What is wrong with the settings, a sentence each; values are never among them."""
    return [
        f"{_variable(fault['loc'])}{words}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
        for words in fault["msg"].removeprefix("Value error, ").split("; ")
    ]


def _variable(place: tuple[int | str, ...]) -> str:
    return f"{PREFIX}{str(place[0]).upper()}: " if place else ""


def _cause(error: ServiceError) -> str:
    """Why the database is away: an operator may know what a caller of the API may not."""
    if not isinstance(error, DatabaseAwayError) or error.__cause__ is None:
        return ""
    original = getattr(error.__cause__, "orig", None) or error.__cause__
    lines = str(original).splitlines()
    return f" ({DRIVER_CLASS.sub('', lines[0])})" if lines else ""
