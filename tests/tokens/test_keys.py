import asyncio
import os
from base64 import b64encode
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from conftest import Clock
from impersonator_api import tokens
from impersonator_api.tokens import KeyRing, KeyState, MasterKeys, SigningAlgorithm, StoredKey
from impersonator_api.tokens.errors import KeyNotPublishedLongEnoughError, KeyUnknownError, MasterKeyWrongError
from impersonator_api.tokens.sealing import parse_master_keys
from impersonator_api.tokens.tables import signing_keys
from impersonator_api.work import Desk

from .conftest import KeyDeskMaker


async def keys_of(desk: Desk, alg: str = "ES256") -> dict[KeyState, StoredKey]:
    """The newest key of each state."""
    return {key.state: key for key in await desk.run(tokens.list_keys) if key.alg == alg}


def fresh_key() -> str:
    return b64encode(os.urandom(32)).decode()


async def test_the_first_keys_are_a_current_and_a_next_of_each_algorithm(key_desk: Desk) -> None:
    keys = await key_desk.run(tokens.list_keys)

    assert Counter((key.alg, key.state) for key in keys) == Counter(
        (alg, state) for alg in ("ES256", "RS256") for state in (KeyState.CURRENT, KeyState.NEXT)
    )


async def test_keys_that_are_there_are_not_made_again(key_desk: Desk) -> None:
    assert await key_desk.run_in_transaction(tokens.ensure_keys) == ()


async def test_processes_that_start_at_once_make_one_set_of_keys(
    key_desk_with: KeyDeskMaker, master_keys: MasterKeys, own_engine: AsyncEngine
) -> None:
    desks = [key_desk_with(master_keys) for _ in range(5)]

    made = await asyncio.gather(*(desk.run_in_transaction(tokens.ensure_keys) for desk in desks))

    assert sorted(map(len, made)) == [0, 0, 0, 0, 4]
    async with own_engine.connect() as db:
        assert await db.scalar(select(func.count()).select_from(signing_keys)) == 4


async def test_private_keys_lie_sealed(key_desk: Desk, master_keys: MasterKeys) -> None:
    for key in await key_desk.run(tokens.list_keys):
        private = master_keys.unseal(key.sealed, kid=key.kid)

        assert private not in key.sealed
        assert "sealed" not in repr(key)


async def test_a_next_key_is_published_before_it_is_used(key_desk: Desk, clock: Clock) -> None:
    usable_at = clock.moment + timedelta(minutes=6)
    clock.forward(minutes=5, seconds=59)

    with pytest.raises(KeyNotPublishedLongEnoughError) as told:
        await key_desk.run_in_transaction(tokens.rotate_keys)

    assert told.value.members == {"usable_at": usable_at.isoformat()}
    assert (await keys_of(key_desk)).keys() == {KeyState.CURRENT, KeyState.NEXT}


async def test_rotation_moves_every_key_on_by_one(key_desk: Desk, clock: Clock) -> None:
    before = await keys_of(key_desk)
    clock.forward(minutes=6)

    await key_desk.run_in_transaction(tokens.rotate_keys)

    after = await keys_of(key_desk)
    assert after[KeyState.CURRENT].kid == before[KeyState.NEXT].kid
    assert after[KeyState.RETIRED].kid == before[KeyState.CURRENT].kid
    assert after[KeyState.NEXT].kid not in {key.kid for key in before.values()}
    assert after[KeyState.CURRENT].current_at == after[KeyState.RETIRED].retired_at == clock.moment


async def test_one_algorithm_rotates_without_the_other(key_desk: Desk, clock: Clock) -> None:
    before = await keys_of(key_desk, "ES256")
    clock.forward(minutes=6)

    (new,) = await key_desk.run_in_transaction(tokens.rotate_keys, alg=SigningAlgorithm.RS256)

    assert new.alg == "RS256"
    assert await keys_of(key_desk, "ES256") == before


async def test_of_two_rotations_at_once_one_is_told_to_wait(
    key_desk: Desk, key_desk_with: KeyDeskMaker, master_keys: MasterKeys, clock: Clock
) -> None:
    clock.forward(minutes=6)
    desks = [key_desk, key_desk_with(master_keys)]

    told = await asyncio.gather(
        *(desk.run_in_transaction(tokens.rotate_keys) for desk in desks), return_exceptions=True
    )

    assert sorted(type(answer).__name__ for answer in told) == ["KeyNotPublishedLongEnoughError", "tuple"]


async def test_a_compromised_current_key_is_replaced_at_once(key_desk: Desk) -> None:
    before = await keys_of(key_desk)

    await key_desk.run_in_transaction(tokens.replace_compromised_key, before[KeyState.CURRENT].kid)

    after = await keys_of(key_desk)
    assert after[KeyState.COMPROMISED].kid == before[KeyState.CURRENT].kid
    assert after[KeyState.CURRENT].kid == before[KeyState.NEXT].kid
    assert KeyState.NEXT in after


async def test_a_compromised_next_key_never_signs(key_desk: Desk) -> None:
    before = await keys_of(key_desk)

    await key_desk.run_in_transaction(tokens.replace_compromised_key, before[KeyState.NEXT].kid)

    after = await keys_of(key_desk)
    assert after[KeyState.CURRENT] == before[KeyState.CURRENT]
    assert after[KeyState.NEXT].kid != before[KeyState.NEXT].kid


async def test_a_compromised_retired_key_verifies_nothing_any_more(key_desk: Desk, clock: Clock) -> None:
    clock.forward(minutes=6)
    await key_desk.run_in_transaction(tokens.rotate_keys)
    retired = (await keys_of(key_desk))[KeyState.RETIRED]

    for _ in range(2):  # said twice, it is still only compromised
        await key_desk.run_in_transaction(tokens.replace_compromised_key, retired.kid)

    await key_desk.run(key_desk.services.get(KeyRing).refresh)
    ring = key_desk.services.get(KeyRing)
    assert ring.find_verifying_key(retired.kid) is None
    assert retired.kid not in ring.snapshot.jwks.decode()


async def test_a_kid_that_no_key_has_is_not_found(key_desk: Desk) -> None:
    with pytest.raises(KeyUnknownError):
        await key_desk.run_in_transaction(tokens.replace_compromised_key, "made-up")


async def test_a_retired_key_stays_until_no_token_of_it_can_live(key_desk: Desk, clock: Clock) -> None:
    clock.forward(minutes=6)
    await key_desk.run_in_transaction(tokens.rotate_keys)
    # Replicas that had not heard of it for a minute, tokens of 24 hours, verifiers that believe a minute too long.
    clock.forward(hours=24, minutes=2)

    await key_desk.run(tokens.drop_retired_keys)
    kept = await keys_of(key_desk)
    clock.forward(seconds=1)
    await key_desk.run(tokens.drop_retired_keys)

    assert KeyState.RETIRED in kept
    assert (await keys_of(key_desk)).keys() == {KeyState.CURRENT, KeyState.NEXT}


async def test_rewrapping_lets_the_old_master_key_go(key_desk_with: KeyDeskMaker) -> None:
    old, new = fresh_key(), fresh_key()
    await key_desk_with(parse_master_keys(old, source="test")).run_in_transaction(tokens.ensure_keys)

    both = key_desk_with(parse_master_keys(f"{new},{old}", source="test"))
    rewrapped = [await both.run_in_transaction(tokens.rewrap_keys) for _ in range(2)]

    only_new = key_desk_with(parse_master_keys(new, source="test"))
    await only_new.run(only_new.services.get(KeyRing).refresh)
    assert rewrapped == [4, 0]
    assert only_new.services.get(KeyRing).signing_key("ES256").alg == "ES256"


async def test_rewrapping_without_the_old_master_key_changes_nothing(
    key_desk: Desk, key_desk_with: KeyDeskMaker
) -> None:
    before = await key_desk.run(tokens.list_keys)
    stranger = key_desk_with(parse_master_keys(fresh_key(), source="test"))

    with pytest.raises(MasterKeyWrongError):
        await stranger.run_in_transaction(tokens.rewrap_keys)

    assert await key_desk.run(tokens.list_keys) == before
