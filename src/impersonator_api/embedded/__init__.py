"""PostgreSQL on this machine's own disk, for development and tests."""

from impersonator_api.embedded.place import EmbeddedUnavailable
from impersonator_api.embedded.server import TEMPORARY_SETTINGS, EmbeddedPostgres, start, temporary

__all__ = ["TEMPORARY_SETTINGS", "EmbeddedPostgres", "EmbeddedUnavailable", "start", "temporary"]
