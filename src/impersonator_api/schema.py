"""All tables in one metadata, for migrations and their check."""

from impersonator_api.audit import tables as _audit
from impersonator_api.database import metadata
from impersonator_api.directory import tables as _directory
from impersonator_api.policy import tables as _policy
from impersonator_api.sessions import tables as _sessions
from impersonator_api.tokens import tables as _tokens

MODULES = (_audit, _directory, _policy, _sessions, _tokens)

__all__ = ["MODULES", "metadata"]
