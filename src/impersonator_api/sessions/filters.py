"""What a list of sessions can be asked for."""

from dataclasses import dataclass
from datetime import datetime

from impersonator_api.sessions.session import SessionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to look for. `impersonator` and `target` are ids, external ids or, for services, client ids."""

    impersonator: str | None = None
    target: str | None = None
    client: str | None = None
    status: SessionStatus | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    q: str | None = None
