"""The signing keys in memory: parsed once, swapped whole, so that no request waits for a key."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps

from impersonator_api.tokens.errors import InvalidTokenError, MasterKeyWrongError, SigningKeyMissingError
from impersonator_api.tokens.jwa import SigningKey, VerifyingKey, signing_key
from impersonator_api.tokens.jwk import parse_private_key, parse_public_jwk
from impersonator_api.tokens.key_life import HEARD_WITHIN
from impersonator_api.tokens.keys import SigningAlgorithm
from impersonator_api.tokens.own_keys import OwnKey
from impersonator_api.tokens.sealing import MasterKeys
from impersonator_api.tokens.store import KeyState, StoredKey, all_keys
from impersonator_api.work import Work

UNKNOWN_KID_PAUSE = timedelta(seconds=1)
"""How long made-up kids cannot make us ask the database again."""


@dataclass(frozen=True, slots=True)
class KeyRingSnapshot:
    """All keys of one moment. `signing` is by algorithm, `verifying` and `own` by kid; `jwks` is as it is sent."""

    signing: Mapping[str, SigningKey] = field(default_factory=dict)
    verifying: Mapping[str, VerifyingKey] = field(default_factory=dict)
    own: Mapping[str, OwnKey] = field(default_factory=dict, repr=False)
    jwks: bytes = b'{"keys":[]}'
    revision: str = ""
    read_at: datetime | None = None

    def cacheable_for(self, jwks_max_age: timedelta, *, now: datetime) -> timedelta:
        """How long a verifier may keep `jwks` from now: not at all where this replica may be behind the database."""
        is_fresh = self.read_at is not None and now - self.read_at <= HEARD_WITHIN
        return jwks_max_age if is_fresh else timedelta(0)

    @property
    def etag(self) -> str:
        """The strong validator of `jwks` (RFC 9110 §8.8.3)."""
        return f'"{self.revision}"'


class KeyRing:
    """The service that stories sign and verify with. It answers from memory; `refresh` asks the database."""

    def __init__(self, master_keys: MasterKeys) -> None:
        """Start empty: nothing signs and nothing verifies before the first `refresh`."""
        self._master_keys = master_keys
        self._snapshot = KeyRingSnapshot()
        self._asked_at: datetime | None = None
        self._asking = asyncio.Lock()

    @property
    def snapshot(self) -> KeyRingSnapshot:
        """The keys as they were at the last refresh."""
        return self._snapshot

    def signing_key(self, alg: str) -> SigningKey:
        """The current key of an algorithm; raises `SigningKeyMissingError`."""
        key = self._snapshot.signing.get(alg)
        if key is None:
            raise SigningKeyMissingError(f"There is no current {alg} key; see `impersonator doctor`.")
        return key

    def own_signing_key(self) -> SigningKey:
        """The key for what only we verify; raises `SigningKeyMissingError`."""
        return self._snapshot.own[self.signing_key(SigningAlgorithm.ES256).kid].signing

    def find_verifying_key(self, kid: str) -> VerifyingKey | None:
        """The key of that name, unless it is unknown, gone or compromised."""
        return self._snapshot.verifying.get(kid)

    async def load_verifying_key(self, work: Work, kid: str) -> VerifyingKey:
        """The key of that name, asking the database at most once a second; raises `InvalidTokenError`."""
        if kid not in self._snapshot.verifying:
            await self._ask(work)
        return _known(self.find_verifying_key(kid))

    async def load_own_key(self, work: Work, kid: str) -> VerifyingKey:
        """The key of that name for what only we sign; raises the same, and `MasterKeyWrongError`."""
        if kid not in self._snapshot.verifying:
            await self._ask(work)
        own = self._snapshot.own.get(kid)
        if own is None and _known(self.find_verifying_key(kid)).alg == SigningAlgorithm.ES256:
            # Nothing is wrong with the token, and another process may open its key.
            raise MasterKeyWrongError(f"No master key of this process opens signing key {kid}.")
        return _known(None if own is None else own.verifying)

    async def _ask(self, work: Work) -> None:
        async with self._asking:
            if self._may_ask(work.now):
                # Noted afterwards: while the database is away, each is told so, and not that its token is bad.
                await self.refresh(work)
                self._asked_at = work.now

    async def refresh(self, work: Work) -> None:
        """Take over what the database holds; where that fails the keys known so far stay."""
        self._snapshot = await load_ring(work, self._master_keys, known=self._snapshot)

    def _may_ask(self, now: datetime) -> bool:
        # A clock that was put back is no reason to wait until it has caught up.
        return self._asked_at is None or not self._asked_at <= now < self._asked_at + UNKNOWN_KID_PAUSE


async def load_ring(
    work: Work, master_keys: MasterKeys, *, known: KeyRingSnapshot = KeyRingSnapshot()
) -> KeyRingSnapshot:
    """Read all keys that may still verify; those already `known` are not parsed again."""
    keys = [key for key in await all_keys(work) if key.state is not KeyState.COMPROMISED]
    return KeyRingSnapshot(
        signing={
            key.alg: _known_signing(key, known) or _opened(key, master_keys)
            for key in keys
            if key.state is KeyState.CURRENT
        },
        # The next key too: another process may sign with it before this one hears of the rotation.
        verifying={key.kid: known.verifying.get(key.kid) or parse_public_jwk(key.public_jwk)[0] for key in keys},
        own=_own_keys(keys, master_keys, known),
        jwks=dumps({"keys": [key.public_jwk for key in keys]}, separators=(",", ":"), sort_keys=True).encode(),
        revision=_revision(keys),
        read_at=work.now,
    )


def _own_keys(keys: Iterable[StoredKey], master_keys: MasterKeys, known: KeyRingSnapshot) -> Mapping[str, OwnKey]:
    found: dict[str, OwnKey] = {}
    for key in keys:
        if key.alg == SigningAlgorithm.ES256:
            # Made under another replica's new master key: that must not keep this one from hearing of a compromise.
            with suppress(MasterKeyWrongError):
                found[key.kid] = known.own.get(key.kid) or _derived(key, master_keys)
    return found


def _derived(key: StoredKey, master_keys: MasterKeys) -> OwnKey:
    return OwnKey.derived(master_keys.unseal(key.sealed, kid=key.kid), kid=key.kid)


def _known(key: VerifyingKey | None) -> VerifyingKey:
    if key is None:
        raise InvalidTokenError("The token is signed with a key that is not, or no longer, ours.")
    return key


def _known_signing(key: StoredKey, known: KeyRingSnapshot) -> SigningKey | None:
    candidate = known.signing.get(key.alg)
    return candidate if candidate and candidate.kid == key.kid else None


def _opened(key: StoredKey, master_keys: MasterKeys) -> SigningKey:
    private = parse_private_key(master_keys.unseal(key.sealed, kid=key.kid))
    return signing_key(private, kid=key.kid, alg=key.alg)


def _revision(keys: Iterable[StoredKey]) -> str:
    return sha256(dumps([key.kid for key in keys]).encode()).hexdigest()[:32]
