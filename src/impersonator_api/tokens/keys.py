"""How signing keys come, rotate and go. Stories of several statements: run them in a transaction."""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from itertools import product

from impersonator_api.tokens import store
from impersonator_api.tokens.errors import KeyNotPublishedLongEnoughError, KeyUnknownError
from impersonator_api.tokens.jwk import export_private_key, generate_private_key, public_jwk
from impersonator_api.tokens.sealing import MasterKeys
from impersonator_api.tokens.store import KeyState, StoredKey
from impersonator_api.work import Work

LONGEST_SESSION = timedelta(hours=24)
"""No refresh token and no token of a service lives longer."""


class SigningAlgorithm(StrEnum):
    """What we sign with: ES256 by default, RS256 for verifiers that need it."""

    ES256 = "ES256"
    RS256 = "RS256"


async def ensure_keys(work: Work) -> tuple[StoredKey, ...]:
    """Make the current and next keys that are missing, and say which; several processes may try at once."""
    keys = await store.locked_keys(work)
    held = {(key.alg, key.state) for key in keys}
    missing = [place for place in product(SigningAlgorithm, (KeyState.CURRENT, KeyState.NEXT)) if place not in held]
    return tuple([await _made(work, alg, state) for alg, state in missing])


async def rotate_keys(work: Work, *, alg: SigningAlgorithm | None = None) -> tuple[StoredKey, ...]:
    """Next becomes current, current retires, a new next is published; for one algorithm or for all.

    Answers the new next keys. Raises `KeyNotPublishedLongEnoughError` while verifiers may hold a JWKS
    without the next key.
    """
    keys = await store.locked_keys(work)
    algorithms = [alg] if alg else list(SigningAlgorithm)
    for each in algorithms:
        _refuse_early(work, _in_state(keys, each, KeyState.NEXT))
    made = []
    for each in algorithms:
        await _move(work, _in_state(keys, each, KeyState.CURRENT), KeyState.RETIRED)
        made.append(await _promote(work, keys, each))
    return tuple(made)


async def replace_compromised_key(work: Work, kid: str) -> None:
    """Believe a key no more, at once: it leaves the JWKS, verifies nothing, and where it signed the next takes over.

    A young next key is not waited for: tokens that some verifier cannot check yet are better than forged ones.
    """
    keys = await store.locked_keys(work)
    key = next((each for each in keys if each.kid == kid), None)
    if key is None:
        raise KeyUnknownError("No signing key has that kid; see `impersonator keys list`.")
    if key.state is KeyState.COMPROMISED:
        return
    await _move(work, [key], KeyState.COMPROMISED)
    if key.state is KeyState.CURRENT:
        await _promote(work, keys, SigningAlgorithm(key.alg))
    elif key.state is KeyState.NEXT:
        await _made(work, SigningAlgorithm(key.alg), KeyState.NEXT)


async def drop_retired_keys(work: Work) -> None:
    """Delete retired keys whose tokens have all expired and left every cache; for the worker."""
    settings = work.settings
    work.write(
        store.retired_keys_deleted(work.now - LONGEST_SESSION - settings.access_token_lifetime - settings.jwks_max_age)
    )


async def rewrap_keys(work: Work) -> int:
    """Seal every key again that the first master key does not open; answers how many."""
    master_keys = work.get(MasterKeys)
    old = [key for key in await store.locked_keys(work) if not master_keys.is_sealed_by_first(key.sealed, kid=key.kid)]
    for key in old:
        work.write(store.key_resealed(key, master_keys.seal(master_keys.unseal(key.sealed, kid=key.kid), kid=key.kid)))
        await work.send()
    return len(old)


async def list_keys(work: Work) -> tuple[StoredKey, ...]:
    """Every signing key, oldest first."""
    return await store.all_keys(work)


def _in_state(keys: Iterable[StoredKey], alg: str, state: KeyState) -> list[StoredKey]:
    return [key for key in keys if key.alg == alg and key.state is state]


def _refuse_early(work: Work, next_keys: list[StoredKey]) -> None:
    for key in next_keys:
        usable_at = key.created_at + work.settings.jwks_max_age
        if work.now < usable_at:
            raise KeyNotPublishedLongEnoughError(
                f"Verifiers may not know the next {key.alg} key yet; rotate after {usable_at:%Y-%m-%dT%H:%M:%SZ}.",
                usable_at=usable_at.isoformat(),
            )


async def _promote(work: Work, keys: Iterable[StoredKey], alg: SigningAlgorithm) -> StoredKey:
    # One statement each: the unique index does not let two keys be current, or next, even for a moment.
    await _move(work, _in_state(keys, alg, KeyState.NEXT), KeyState.CURRENT)
    return await _made(work, alg, KeyState.NEXT)


async def _move(work: Work, keys: Iterable[StoredKey], to: KeyState) -> None:
    for key in keys:
        work.write(store.key_moved(key, to=to, now=work.now))
        await work.send()


async def _made(work: Work, alg: SigningAlgorithm, state: KeyState) -> StoredKey:
    private = generate_private_key(alg)
    jwk = public_jwk(private, alg=alg)
    kid = jwk["kid"]
    key = StoredKey(
        kid=kid,
        alg=alg,
        state=state,
        public_jwk=jwk,
        created_at=work.now,
        current_at=work.now if state is KeyState.CURRENT else None,
        sealed=work.get(MasterKeys).seal(export_private_key(private), kid=kid),
    )
    work.write(store.key_inserted(key))
    await work.send()
    return key
