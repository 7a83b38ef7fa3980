"""Keys for what only we verify: derived, never published, and as long-lived as the keys they come from."""

import json

import pytest

from conftest import Clock
from impersonator_api import tokens
from impersonator_api.tokens import InvalidTokenError, KeyRing, KeyState, MasterKeys, read_unverified
from impersonator_api.tokens.jws import sign
from impersonator_api.tokens.own_keys import OwnKey
from impersonator_api.work import Desk

from .conftest import KeyDeskMaker

PRIVATE = bytes(range(64))


async def refreshed(desk: Desk) -> KeyRing:
    """The desk's ring, up to date."""
    ring = desk.services.get(KeyRing)
    await desk.run(ring.refresh)
    return ring


def test_one_private_key_gives_one_secret_and_another_another() -> None:
    made = [OwnKey.derived(private, kid="k") for private in (PRIVATE, PRIVATE, PRIVATE[::-1])]

    first, same, other = (read_unverified(sign({"a": 1}, key=each.signing, typ="rt+jwt")) for each in made)

    assert first.signature == same.signature
    assert first.signature != other.signature
    assert [each.verifying.holds(first) for each in made] == [True, True, False]


def test_what_one_has_verified_is_not_kept() -> None:
    made = OwnKey.derived(PRIVATE, kid="k")
    token = read_unverified(sign({"a": 1}, key=made.signing, typ="rt+jwt"))

    assert made.verifying.holds(token)
    assert not made.verifying.verified


async def test_every_process_derives_the_same(
    key_desk: Desk, key_desk_with: KeyDeskMaker, master_keys: MasterKeys
) -> None:
    made = sign({"a": 1}, key=(await refreshed(key_desk)).own_signing_key(), typ="rt+jwt")
    other = key_desk_with(master_keys)
    kid = str(read_unverified(made).header["kid"])

    key = await other.run(other.services.get(KeyRing).load_own_key, kid)

    assert key.holds(read_unverified(made))


async def test_no_jwks_names_one(key_desk: Desk) -> None:
    ring = await refreshed(key_desk)

    algorithms = {key["alg"] for key in json.loads(ring.snapshot.jwks)["keys"]}

    assert algorithms == {"ES256", "RS256"}
    assert "HS256" not in repr(ring.snapshot)


async def test_it_verifies_after_a_rotation_and_not_after_a_compromise(key_desk: Desk, clock: Clock) -> None:
    kid = (await refreshed(key_desk)).own_signing_key().kid
    clock.forward(minutes=6)
    await key_desk.run_in_transaction(tokens.rotate_keys)

    rotated = await refreshed(key_desk)
    assert rotated.own_signing_key().kid != kid
    assert (await key_desk.run(rotated.load_own_key, kid)).kid == kid

    await key_desk.run_in_transaction(tokens.replace_compromised_key, kid)
    compromised = await refreshed(key_desk)
    with pytest.raises(InvalidTokenError):
        await key_desk.run(compromised.load_own_key, kid)


async def test_keys_of_other_algorithms_have_none(key_desk: Desk) -> None:
    ring = await refreshed(key_desk)

    stored = await key_desk.run(tokens.list_keys)

    assert set(ring.snapshot.own) == {key.kid for key in stored if key.alg == "ES256"}
    assert {key.state for key in stored if key.kid in ring.snapshot.own} >= {KeyState.CURRENT, KeyState.NEXT}
