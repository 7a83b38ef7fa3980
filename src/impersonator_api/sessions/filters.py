"""What a list of sessions can be asked for."""

from datetime import datetime

from msgspec import Struct

from impersonator_api.sessions.session import SessionStatus


class Filters(Struct, frozen=True, kw_only=True):
    """What to look for. `impersonator` and `target` are ids, external ids or, for services, client ids."""

    impersonator: str | None = None
    target: str | None = None
    client: str | None = None
    status: SessionStatus | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    q: str | None = None
