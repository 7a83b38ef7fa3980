"""What may be used once, and was."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select

from impersonator_api.statement import Write
from impersonator_api.tokens.tables import used_ids


def id_used(digest: bytes, *, expires_at: datetime) -> Write:
    """The one use of an id; of several at once the primary key lets one through, and the others lose their race."""
    statement = insert(used_ids).values(digest=digest, expires_at=expires_at)
    return Write("id used", statement.returning(used_ids.c.digest).cte())


def is_id_used(digest: bytes) -> ColumnElement[bool]:
    """Whether it was used before, whenever that was."""
    return select(used_ids.c.digest).where(used_ids.c.digest == digest).exists()


def used_ids_deleted(*, before: datetime, at_most: int) -> Write:
    """Ids that expired before then, oldest first; any number of them up to that."""
    expired = select(used_ids.c.digest).where(used_ids.c.expires_at < before)
    oldest = expired.order_by(used_ids.c.expires_at).limit(at_most)
    statement = delete(used_ids).where(used_ids.c.digest.in_(oldest))
    return Write("used ids deleted", statement.returning(used_ids.c.digest).cte(), rows=None)
