"""How signing keys come, rotate and go. Stories of several statements: run them in a transaction."""

from collections.abc import Iterable
from enum import StrEnum
from itertools import product

import structlog

from impersonator_api.tokens import store
from impersonator_api.tokens.errors import KeyNotPublishedLongEnoughError, KeyUnknownError
from impersonator_api.tokens.jwk import export_private_key, generate_private_key, public_jwk
from impersonator_api.tokens.key_life import RETIRED_FOR, ScheduledKey, due_at, scheduled, usable_at
from impersonator_api.tokens.sealing import MasterKeys
from impersonator_api.tokens.store import KeyState, StoredKey
from impersonator_api.work import Work

log = structlog.get_logger()


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
    await ensure_keys(work)
    keys = await store.locked_keys(work)
    algorithms = [alg] if alg else list(SigningAlgorithm)
    for each in algorithms:
        _refuse_early(work, _in_state(keys, each, KeyState.NEXT))
    return await _rotated(work, keys, algorithms)


async def rotate_due_keys(work: Work) -> int:
    """Rotate what is due by `signing_key_lifetime`, and say how many; for the worker.

    A next key that is missing is made first, and takes over once every verifier knows it.
    """
    await ensure_keys(work)
    keys = await store.locked_keys(work)
    return len(await _rotated(work, keys, [alg for alg in SigningAlgorithm if _is_due(work, keys, alg)]))


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
        await _move(work, _in_state(keys, key.alg, KeyState.NEXT), KeyState.CURRENT)
    await ensure_keys(work)


async def drop_retired_keys(work: Work) -> None:
    """Delete retired keys whose tokens have all expired; for the worker."""
    work.write(store.retired_keys_deleted(work.now - RETIRED_FOR))


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


async def list_scheduled_keys(work: Work) -> tuple[ScheduledKey, ...]:
    """Every signing key, oldest first, with its age and when it is due."""
    return scheduled(await store.all_keys(work), work.settings, now=work.now)


def _in_state(keys: Iterable[StoredKey], alg: str, state: KeyState) -> list[StoredKey]:
    return [key for key in keys if key.alg == alg and key.state is state]


def _refuse_early(work: Work, next_keys: list[StoredKey]) -> None:
    for key in next_keys:
        from_then_on = usable_at(key, work.settings)
        if work.now < from_then_on:
            raise KeyNotPublishedLongEnoughError(
                f"Verifiers may not know the next {key.alg} key yet; rotate after {from_then_on:%Y-%m-%dT%H:%M:%SZ}.",
                usable_at=from_then_on.isoformat(),
            )


def _is_due(work: Work, keys: Iterable[StoredKey], alg: str) -> bool:
    (current,), (following,) = (_in_state(keys, alg, state) for state in (KeyState.CURRENT, KeyState.NEXT))
    moment = due_at(current, following, work.settings)
    return moment is not None and moment <= work.now


async def _rotated(
    work: Work, keys: Iterable[StoredKey], algorithms: Iterable[SigningAlgorithm]
) -> tuple[StoredKey, ...]:
    # One statement each: the unique index does not let two keys be current, or next, even for a moment.
    for alg in algorithms:
        await _move(work, _in_state(keys, alg, KeyState.CURRENT), KeyState.RETIRED)
        await _move(work, _in_state(keys, alg, KeyState.NEXT), KeyState.CURRENT)
    return await ensure_keys(work)


async def _move(work: Work, keys: Iterable[StoredKey], to: KeyState) -> None:
    for key in keys:
        work.write(store.key_moved(key, to=to, now=work.now))
        await work.send()
        # The audit is a tenant's, and keys are everybody's: their rows and the log remember what became of them.
        log.info("signing key moved", kid=key.kid, alg=key.alg, was=key.state, state=to)


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
