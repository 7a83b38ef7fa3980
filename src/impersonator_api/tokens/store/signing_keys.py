"""Signing keys as they lie in the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from impersonator_api.statement import Write
from impersonator_api.tokens.tables import signing_keys
from impersonator_api.work import Work

KEYS_LOCK = 0x696D706B
"""The advisory lock ("impk") of whoever changes signing keys; it ends with the transaction."""


class KeyState(StrEnum):
    """Where a signing key is in its life."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"
    COMPROMISED = "compromised"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A signing key as it lies in the database; `sealed` opens under the master key alone."""

    kid: str
    alg: str
    state: KeyState
    public_jwk: Mapping[str, str]
    created_at: datetime
    current_at: datetime | None = None
    retired_at: datetime | None = None
    sealed: bytes = field(repr=False)


async def all_keys(work: Work) -> tuple[StoredKey, ...]:
    """Every signing key, oldest first."""
    rows = await work.read(select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.kid))
    return tuple(_key_from(row) for row in rows.mappings())


async def locked_keys(work: Work) -> tuple[StoredKey, ...]:
    """Every signing key, once nobody else is changing them; needs a transaction."""
    # The lock first and the rows in the next statement: a lock does not refresh its own statement's snapshot.
    await work.read(select(func.pg_advisory_xact_lock(KEYS_LOCK)))
    return await all_keys(work)


def _key_from(row: Mapping[Any, Any]) -> StoredKey:  # what a driver answers has no type
    return StoredKey(
        kid=row["kid"],
        alg=row["alg"],
        state=KeyState(row["state"]),
        public_jwk=row["public_jwk"],
        created_at=row["created_at"],
        current_at=row["current_at"],
        retired_at=row["retired_at"],
        sealed=row["private_key"],
    )


def key_inserted(key: StoredKey) -> Write:
    """A new key."""
    statement = insert(signing_keys).values(
        kid=key.kid,
        alg=key.alg,
        state=key.state,
        public_jwk=dict(key.public_jwk),
        private_key=key.sealed,
        created_at=key.created_at,
        current_at=key.current_at,
    )
    return Write("key inserted", statement.returning(signing_keys.c.kid).cte())


def key_moved(key: StoredKey, *, to: KeyState, now: datetime) -> Write:
    """A key's next state, unless somebody else moved it first."""
    moment = {"current_at": now} if to is KeyState.CURRENT else {"retired_at": now}
    statement = (
        update(signing_keys)
        .where(signing_keys.c.kid == key.kid, signing_keys.c.state == key.state)
        .values(state=to, **moment)
    )
    return Write("key moved", statement.returning(signing_keys.c.kid).cte(), touched=((signing_keys, key.kid),))


def key_resealed(key: StoredKey, sealed: bytes) -> Write:
    """The same key under another master key."""
    statement = update(signing_keys).where(signing_keys.c.kid == key.kid).values(private_key=sealed)
    return Write("key resealed", statement.returning(signing_keys.c.kid).cte(), touched=((signing_keys, key.kid),))


def retired_keys_deleted(before: datetime) -> Write:
    """Keys retired before then; any number of them."""
    statement = delete(signing_keys).where(signing_keys.c.state == KeyState.RETIRED, signing_keys.c.retired_at < before)
    return Write("retired keys deleted", statement.returning(signing_keys.c.kid).cte(), rows=None)
