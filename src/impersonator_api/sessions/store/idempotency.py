"""Keys under which requests were answered: found by their digest, and good for a while."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from impersonator_api.directory.documents import Value
from impersonator_api.questions import Column, Part, constant, json_of, part
from impersonator_api.sessions.store.asking import live_json
from impersonator_api.sessions.tables import idempotency_keys
from impersonator_api.statement import Write


def answered_json(digest: bytes, *, since: datetime) -> Part[Column]:
    """What was answered under a key, with its session as it is now, as one JSON document for a larger question."""
    return part(_answered_json, digest=digest, since=since)


def _answered_json(digest: Value, since: Value) -> Column:
    keys = idempotency_keys.alias()
    columns = {
        "body_digest": func.encode(keys.c.body_digest, "hex"),
        "claims": keys.c.claims,
        "live": live_json(keys.c.session_id),
    }
    question = select(json_of(columns)).where(keys.c.digest == digest, keys.c.created_at > since)
    return question.scalar_subquery()


def answer_kept(row: Mapping[str, Any], *, since: datetime) -> Write:
    """What is answered under a key; a key of before then is new again, a younger one makes this a lost race."""
    return Write("idempotency key", _answer_kept, {**row, "since": since})


def _answer_kept(since: Column, **row: Column) -> CTE:
    statement = insert(idempotency_keys).values(**row)
    renewed = statement.on_conflict_do_update(
        index_elements=[idempotency_keys.c.digest],
        set_={name: statement.excluded[name] for name in row if name != "digest"},
        where=idempotency_keys.c.created_at <= since,
    )
    return renewed.returning(idempotency_keys.c.digest).cte()


def keys_deleted(before: datetime, limit: int) -> Select[Any]:
    """Delete some of the keys of before then; answers how many."""
    old = select(idempotency_keys.c.digest).where(idempotency_keys.c.created_at <= before).limit(constant(limit))
    gone = delete(idempotency_keys).where(idempotency_keys.c.digest.in_(old)).returning(idempotency_keys.c.digest)
    return select(func.count()).select_from(gone.cte())
