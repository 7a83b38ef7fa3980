import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace

import pytest
from asyncpg.connection import LoggedQuery

from conftest import Clock
from impersonator_api import tokens
from impersonator_api.database import DatabaseAwayError, build_engine
from impersonator_api.settings import Settings
from impersonator_api.tokens import InvalidTokenError, KeyRing, KeyState, MasterKeys
from impersonator_api.tokens.errors import MasterKeyWrongError, SigningKeyMissingError
from impersonator_api.tokens.sealing import parse_master_keys
from impersonator_api.work import Desk, Work
from statements import told

from .conftest import KeyDeskMaker


async def refreshed(desk: Desk) -> KeyRing:
    """The desk's ring, up to date."""
    ring = desk.services.get(KeyRing)
    await desk.run(ring.refresh)
    return ring


def listed(ring: KeyRing) -> list[dict[str, str]]:
    keys: list[dict[str, str]] = json.loads(ring.snapshot.jwks)["keys"]
    return keys


def test_an_empty_ring_signs_nothing(master_keys: MasterKeys) -> None:
    ring = KeyRing(master_keys)

    with pytest.raises(SigningKeyMissingError):
        ring.signing_key("ES256")

    assert (ring.find_verifying_key("any"), listed(ring)) == (None, [])


async def test_the_jwks_has_public_members_only(key_desk: Desk) -> None:
    keys = listed(await refreshed(key_desk))

    assert len(keys) == 4
    for key in keys:
        assert {"kid", "use", "alg", "kty"} < key.keys()
        assert key.keys().isdisjoint({"d", "p", "q", "dp", "dq", "qi", "k"})


async def test_current_keys_sign_and_next_ones_only_verify(key_desk: Desk) -> None:
    ring = await refreshed(key_desk)

    for key in await key_desk.run(tokens.list_keys):
        assert (ring.signing_key(key.alg).kid == key.kid) is (key.state is KeyState.CURRENT)
        assert ring.find_verifying_key(key.kid)


async def test_the_document_changes_when_its_keys_do_and_only_then(key_desk: Desk, clock: Clock) -> None:
    first = (await refreshed(key_desk)).snapshot
    same = (await refreshed(key_desk)).snapshot
    clock.forward(minutes=6)
    await key_desk.run_in_transaction(tokens.rotate_keys)

    rotated = (await refreshed(key_desk)).snapshot

    assert (first.jwks, first.etag) == (same.jwks, same.etag)
    assert rotated.etag != first.etag
    assert json.loads(rotated.jwks)["keys"][:4] == json.loads(first.jwks)["keys"]


async def test_a_key_is_parsed_once(key_desk: Desk) -> None:
    first = (await refreshed(key_desk)).snapshot
    again = (await refreshed(key_desk)).snapshot

    assert again.signing["RS256"] is first.signing["RS256"]
    assert all(again.verifying[kid] is key for kid, key in first.verifying.items())


async def test_after_a_rotation_the_new_key_signs(key_desk: Desk, clock: Clock) -> None:
    before = (await refreshed(key_desk)).signing_key("ES256")
    clock.forward(minutes=6)
    await key_desk.run_in_transaction(tokens.rotate_keys)

    ring = await refreshed(key_desk)

    assert ring.signing_key("ES256").kid != before.kid
    assert ring.find_verifying_key(before.kid)


async def test_a_key_of_another_process_is_found_at_its_first_token(
    key_desk: Desk, key_desk_with: KeyDeskMaker, master_keys: MasterKeys
) -> None:
    (kid, *_) = [key.kid for key in await key_desk.run(tokens.list_keys)]
    other = key_desk_with(master_keys)
    ring = other.services.get(KeyRing)

    assert (await other.run(ring.load_verifying_key, kid)).kid == kid


async def test_made_up_kids_ask_the_database_once_a_second(
    key_desk: Desk, clock: Clock, statements: Sequence[LoggedQuery]
) -> None:
    ring = key_desk.services.get(KeyRing)

    async def probe(work: Work) -> None:
        with pytest.raises(InvalidTokenError):
            await ring.load_verifying_key(work, "made-up")

    await asyncio.gather(*(key_desk.run(probe) for _ in range(10)))
    clock.forward(seconds=1)
    await key_desk.run(probe)

    await told()
    assert len([sent for sent in statements if "signing_keys" in sent.query]) == 2


async def test_a_clock_put_back_does_not_keep_the_ring_from_asking(
    key_desk: Desk, clock: Clock, statements: Sequence[LoggedQuery]
) -> None:
    ring = key_desk.services.get(KeyRing)

    for _ in range(2):
        with pytest.raises(InvalidTokenError):
            await key_desk.run(ring.load_verifying_key, "made-up")
        clock.forward(hours=-1)

    await told()
    assert len([sent for sent in statements if "signing_keys" in sent.query]) == 2


@pytest.mark.usefixtures("key_desk")
async def test_a_ring_that_cannot_open_a_key_keeps_what_it_had(key_desk_with: KeyDeskMaker) -> None:
    stranger = key_desk_with(parse_master_keys(b64encode(os.urandom(32)).decode(), source="test"))

    with pytest.raises(MasterKeyWrongError):
        await refreshed(stranger)

    assert stranger.services.get(KeyRing).snapshot == tokens.KeyRingSnapshot()


async def test_while_the_database_is_away_an_unknown_kid_is_no_bad_token(
    key_desk_with: KeyDeskMaker, master_keys: MasterKeys
) -> None:
    nowhere = build_engine("postgresql+asyncpg://127.0.0.1:1/nowhere", Settings())
    desk = replace(key_desk_with(master_keys), engine=nowhere)

    for _ in range(2):
        with pytest.raises(DatabaseAwayError):
            await desk.run(desk.services.get(KeyRing).load_verifying_key, "made-up")
