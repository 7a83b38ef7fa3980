"""Signing keys as they lie in the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CTE, Select, delete, func, insert, select, update

from impersonator_api.questions import Column, part
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
    return tuple(_key_from(row) for row in await work.read(part(_all)))


def _all() -> Select[Any]:
    return select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.kid)


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
    row = {
        "kid": key.kid,
        "alg": key.alg,
        "state": key.state,
        "public_jwk": dict(key.public_jwk),
        "private_key": key.sealed,
        "created_at": key.created_at,
        "current_at": key.current_at,
    }
    return Write("key inserted", _inserted, row)


def _inserted(**row: Column) -> CTE:
    return insert(signing_keys).values(row).cte()


def key_moved(key: StoredKey, *, to: KeyState, now: datetime) -> Write:
    """A key's next state, unless somebody else moved it first."""
    values = {"kid": key.kid, "seen": key.state, "state": to}
    moment = {"current_at": now} if to is KeyState.CURRENT else {"retired_at": now}
    return Write("key moved", _moved, values | moment, touched=((signing_keys, key.kid),))


def _moved(kid: Column, seen: Column, **moved: Column) -> CTE:
    is_as_seen = (signing_keys.c.kid == kid) & (signing_keys.c.state == seen)
    return update(signing_keys).where(is_as_seen).values(**moved).returning(signing_keys.c.kid).cte()


def key_resealed(key: StoredKey, sealed: bytes) -> Write:
    """The same key under another master key."""
    values = {"kid": key.kid, "sealed": sealed}
    return Write("key resealed", _resealed, values, touched=((signing_keys, key.kid),))


def _resealed(kid: Column, sealed: Column) -> CTE:
    changed = update(signing_keys).where(signing_keys.c.kid == kid).values(private_key=sealed)
    return changed.returning(signing_keys.c.kid).cte()


def retired_keys_deleted(before: datetime) -> Write:
    """Keys retired before then; any number of them."""
    return Write("retired keys deleted", _retired_deleted, {"before": before}, rows=None)


def _retired_deleted(before: Column) -> CTE:
    keys = signing_keys.c
    statement = delete(signing_keys).where(keys.state == KeyState.RETIRED, keys.retired_at < before)
    return statement.returning(keys.kid).cte()
