"""When a signing key may sign, must stop and can go; pure, so that laws about tokens can be proved of it.

A key is published before it signs and stays published after it: a verifier that holds a JWKS no longer than
`jwks_max_age` never meets a `kid` it does not know, and no token loses its key while it lives.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from impersonator_api.settings import Settings
from impersonator_api.tokens.store import KeyState, StoredKey

LONGEST_TOKEN = timedelta(hours=24)
"""No token of ours lives longer, of whatever kind: sessions and the settings of lifetimes end there."""

HEARD_WITHIN = timedelta(minutes=1)
"""By when each replica publishes and signs with what the database holds: a round of its worker, and room for a slow
database and for clocks that differ."""

LEEWAY = timedelta(minutes=1)
"""How long past its `exp` a verifier may still believe a token."""

RETIRED_FOR = HEARD_WITHIN + LONGEST_TOKEN + LEEWAY
"""How long a retired key is still published."""


def usable_at(key: StoredKey, settings: Settings) -> datetime:
    """When every JWKS that some verifier still holds has this key: the last replica's last one without it is over."""
    return key.created_at + HEARD_WITHIN + settings.jwks_max_age


def due_at(current: StoredKey, following: StoredKey | None, settings: Settings) -> datetime | None:
    """When the schedule lets the next key take over, never before it is usable; `None` where nothing is scheduled."""
    if settings.signing_key_lifetime is None:
        return None
    old_at = (current.current_at or current.created_at) + settings.signing_key_lifetime
    return max(old_at, usable_at(following, settings)) if following else old_at


@dataclass(frozen=True, slots=True)
class ScheduledKey:
    """A key, how old it is, and when it leaves its state by itself; `None` where it waits for a command."""

    key: StoredKey
    age: timedelta
    due_at: datetime | None


def scheduled(keys: Iterable[StoredKey], settings: Settings, *, now: datetime) -> tuple[ScheduledKey, ...]:
    """The keys in their order, each with its place in time."""
    keys = tuple(keys)
    turns = {alg: _turn_of(alg, keys, settings) for alg in {key.alg for key in keys}}
    return tuple(ScheduledKey(key, now - key.created_at, _leaves_at(key, turns[key.alg])) for key in keys)


def _turn_of(alg: str, keys: Iterable[StoredKey], settings: Settings) -> datetime | None:
    held = {key.state: key for key in keys if key.alg == alg}
    current = held.get(KeyState.CURRENT)
    return due_at(current, held.get(KeyState.NEXT), settings) if current else None


def _leaves_at(key: StoredKey, turn_at: datetime | None) -> datetime | None:
    if key.state is KeyState.RETIRED:
        return key.retired_at + RETIRED_FOR if key.retired_at else None
    return turn_at if key.state in {KeyState.CURRENT, KeyState.NEXT} else None
