"""Who sent a token the last time: a guess, by which a story asks more in the statement that proves the caller.

It decides nothing. Whoever the statement proves to be somebody else, or in another tenant, is asked about again.
"""

from sys import intern
from uuid import UUID

from msgspec import Struct

from impersonator_api.callers.caller import ServiceCaller, UserCaller

REMEMBERED = 8192
"""Callers of this process, as many as signatures of a key: less than three megabytes."""


class Acquaintance(Struct, frozen=True):
    """Whom a token named."""

    tenant_id: UUID
    tenant_slug: str
    id: UUID

    @classmethod
    def of(cls, caller: UserCaller | ServiceCaller) -> "Acquaintance":
        """What to remember of a caller."""
        return cls(caller.tenant.id, intern(caller.tenant.slug), caller.party.id)


class Acquaintances:
    """The last ones of this process, by the digests of their tokens (tokens/compact.py)."""

    def __init__(self) -> None:
        self._known: dict[bytes, Acquaintance] = {}

    def find(self, token_digest: bytes) -> Acquaintance | None:
        """Whom that token named the last time."""
        return self._known.get(token_digest)

    def remember(self, token_digest: bytes, caller: UserCaller | ServiceCaller) -> None:
        """Guess so the next time; the oldest guess is forgotten for it."""
        self._known[token_digest] = Acquaintance.of(caller)
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
