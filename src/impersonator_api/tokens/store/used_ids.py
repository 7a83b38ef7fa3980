"""What may be used once, and was."""

from datetime import datetime

from sqlalchemy import CTE, ColumnElement, delete, insert, select

from impersonator_api.questions import Column, constant
from impersonator_api.statement import Write
from impersonator_api.tokens.tables import used_ids


def id_used(digest: bytes, *, expires_at: datetime) -> Write:
    """The one use of an id; of several at once the primary key lets one through, and the others lose their race."""
    return Write("id used", _id_used, {"digest": digest, "expires_at": expires_at})


def _id_used(**row: Column) -> CTE:
    return insert(used_ids).values(row).cte()


def is_id_used(digest: bytes) -> ColumnElement[bool]:
    """Whether it was used before, whenever that was."""
    return select(used_ids.c.digest).where(used_ids.c.digest == digest).exists()


def used_ids_deleted(*, before: datetime, at_most: int) -> Write:
    """Ids that expired before then, oldest first; any number of them up to that."""
    return Write("used ids deleted", _used_ids_deleted, {"before": before}, (at_most,), rows=None)


def _used_ids_deleted(at_most: int, before: Column) -> CTE:
    expired = select(used_ids.c.digest).where(used_ids.c.expires_at < before)
    oldest = expired.order_by(used_ids.c.expires_at).limit(constant(at_most))
    return delete(used_ids).where(used_ids.c.digest.in_(oldest)).returning(used_ids.c.digest).cte()
