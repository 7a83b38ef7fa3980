"""Ids that count once in the whole service: whichever replica saw one, no other takes it again (ADR 0018)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps

from sqlalchemy import select

from impersonator_api.tokens.errors import UsedBeforeError
from impersonator_api.tokens.store import id_used, is_id_used, used_ids_deleted
from impersonator_api.work import Work

MOST_CHARACTERS = 255
"""Of a `jti`; nobody needs more to be unique."""

KEPT_BEYOND = timedelta(minutes=10)
"""A replica whose clock is behind may still take what has expired by ours."""

FORGOTTEN_AT_ONCE = 50_000
"""In one statement, which must end in time."""


@dataclass(frozen=True, slots=True)
class OneUse:
    """The right to use an id once; `expires_at` is when nobody would take it any more."""

    digest: bytes
    expires_at: datetime


def one_use(kind: str, *, owner: str, jti: str, expires_at: datetime) -> OneUse:
    """What a `jti` stands for; the same `jti` of another owner, or of another kind, is another id."""
    # As JSON, or two owners could be one where a separator is a part of a name.
    return OneUse(sha256(dumps([kind, owner, jti]).encode()).digest(), expires_at)


async def use_once(work: Work, use: OneUse) -> None:
    """Use it up, though the rest of the story be refused; raises `UsedBeforeError`.

    Nothing is read at first: who comes second loses the race at the write, and his story is run again.
    """
    if work.run and (await work.read(select(is_id_used(use.digest)))).scalar_one():
        raise UsedBeforeError("This was used before; sign a new one for each request.")
    work.keep(id_used(use.digest, expires_at=use.expires_at))


async def forget_used_ids(work: Work) -> None:
    """Drop ids that nobody would take any more, so many at a time; for the worker."""
    work.write(used_ids_deleted(before=work.now - KEPT_BEYOND, at_most=FORGOTTEN_AT_ONCE))
