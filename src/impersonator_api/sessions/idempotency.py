"""Asking again without doing it again: a request that is repeated under its key gets the answer it got before.

draft-ietf-httpapi-idempotency-key-header-07. Two at once need no answer of their own: the loser of the key's race is
decided again by the desk, and finds what the winner was answered.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from msgspec import Struct, structs
from typing_extensions import override

from impersonator_api.questions import Column, Part
from impersonator_api.sessions import store
from impersonator_api.sessions.errors import (
    IdempotencyKeyReusedError,
    IdempotencySessionOverError,
    SessionNotRunningError,
)
from impersonator_api.sessions.live import live_in
from impersonator_api.sessions.snapshot import Live, Row
from impersonator_api.statement import Write
from impersonator_api.work import EPOCH, Work

KEPT = timedelta(hours=24)
"""How long a key is remembered; afterwards it is new again."""

DROPPED_AT_ONCE = 5000

EARLIER = "earlier"

Claims = Mapping[str, Mapping[str, object]]
"""What an answer's tokens said, by what they are called in the story."""


class Repeatable(Struct, frozen=True):
    """A request that brought a key: whose it is and at which door, and what it asked for. Both are SHA-256."""

    digest: bytes
    body_digest: bytes

    @classmethod
    def of(cls, *, caller: UUID | str, door: str, key: str, meaning: object) -> Self:
        """From a key as the door read it; `meaning` is what the request asks for, in the words of the domain.

        A key counts for one caller at one door alone, so nobody's key meets somebody else's answer; `caller` is an id
        or a client id, which are unique over all tenants.
        """
        return cls(_digest([caller, door, key]), _digest(meaning))


class Earlier(Struct, frozen=True, kw_only=True):
    """What was answered before: the session, running, and the claims of its tokens, to be signed again."""

    live: Live
    claims: Claims

    @override
    def __repr__(self) -> str:
        return f"Earlier(live={self.live!r})"


def earlier_json(work: Work, repeatable: Repeatable | None) -> Mapping[str, Part[Column]]:
    """What a story asks besides, in the statement that it reads with; nothing where the request has no key."""
    if repeatable is None:
        return {}
    return {EARLIER: store.answered_json(repeatable.digest, since=work.now - KEPT)}


def find_earlier(work: Work, row: Row, repeatable: Repeatable | None) -> Earlier | None:
    """The answer in a row that was asked for `earlier_json`.

    Raises `IdempotencyKeyReusedError` for a key that came with another request, and `IdempotencySessionOverError`
    for a session that is over: the answer would be tokens that are dead.
    """
    found = None if repeatable is None else row[EARLIER]
    if repeatable is None or found is None:
        return None
    if bytes.fromhex(found["body_digest"]) != repeatable.body_digest:
        raise IdempotencyKeyReusedError("This key came with another request; send a new one with each new request.")
    try:
        live = live_in(work, found["live"])
    except SessionNotRunningError as error:
        raise IdempotencySessionOverError(
            "The session that this key began is over; send a new key to begin another.", record=error.record
        ) from error
    return Earlier(live=live, claims=found["claims"])


def kept(work: Work, repeatable: Repeatable, *, tenant_id: UUID, session_id: UUID, claims: Claims) -> Write:
    """The write that keeps an answer; whoever was faster under the same key makes it a lost race."""
    row = {
        "digest": repeatable.digest,
        "body_digest": repeatable.body_digest,
        "tenant_id": tenant_id,
        "session_id": session_id,
        "claims": {name: dict(said) for name, said in claims.items()},
        "created_at": work.now,
    }
    return store.answer_kept(row, since=work.now - KEPT)


async def drop_idempotency_keys(work: Work) -> int:
    """Forget keys after a day; answers how many. For the worker."""
    dropped = 0
    while met := (await work.read(store.keys_deleted(work.now - KEPT, DROPPED_AT_ONCE))).scalar_one():
        dropped += met
    return dropped


def _digest(meaning: object) -> bytes:
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).digest()


def _plain(value: object) -> object:
    """What JSON has no form for, so that equal meanings give equal texts."""
    match value:
        case frozenset():
            return sorted(value)
        case datetime():
            # By its distance, whatever its zone: the last hours of year 9999 have no name in another one.
            return (value - EPOCH) // timedelta(microseconds=1)
        case timedelta():
            return value.total_seconds()
        case Struct():
            return structs.asdict(value)
        case _:
            return str(value)
