"""Replicas whose master keys differ for a while, as during a restart of one after the other."""

import os
from base64 import b64encode
from collections.abc import AsyncIterator, Callable

import pytest

from conftest import Clock
from impersonator_api import tokens
from impersonator_api.database import build_engine
from impersonator_api.settings import Settings
from impersonator_api.tokens import InvalidTokenError, KeyRing, KeyState, MasterKeys
from impersonator_api.tokens.errors import MasterKeyWrongError
from impersonator_api.tokens.sealing import parse_master_keys
from impersonator_api.work import Desk, Origin, Services

Replica = Callable[[MasterKeys], Desk]

OLD, NEW = (b64encode(os.urandom(32)).decode() for _ in range(2))


@pytest.fixture
async def replica(fresh_database_url: str, clock: Clock) -> AsyncIterator[Replica]:
    """A replica with these master keys."""
    engine = build_engine(fresh_database_url, Settings())

    def made(master_keys: MasterKeys) -> Desk:
        services = Services({MasterKeys: master_keys, KeyRing: KeyRing(master_keys)})
        return Desk(engine, Settings(), services, clock, Origin(request_id="keys"))

    yield made
    await engine.dispose()


@pytest.fixture
async def behind(replica: Replica, clock: Clock) -> Desk:
    """A replica with the old master key alone; another one rotated, and sealed the next key by the new one."""
    behind, ahead = (replica(parse_master_keys(text, source="test")) for text in (OLD, f"{NEW},{OLD}"))
    await behind.run_in_transaction(tokens.ensure_keys)
    await behind.run(behind.services.get(KeyRing).refresh)
    clock.forward(minutes=6)
    await ahead.run_in_transaction(tokens.rotate_keys)
    return behind


async def test_a_compromise_is_heard_of_though_a_newer_key_cannot_be_opened(behind: Desk) -> None:
    ring = behind.services.get(KeyRing)
    kid = ring.own_signing_key().kid

    await behind.run_in_transaction(tokens.replace_compromised_key, kid)
    await behind.run(ring.refresh)

    assert ring.own_signing_key().kid != kid
    for load in (ring.load_own_key, ring.load_verifying_key):
        with pytest.raises(InvalidTokenError):
            await behind.run(load, kid)


async def test_a_refresh_token_of_a_key_that_cannot_be_opened_is_not_called_bad(behind: Desk) -> None:
    keys = await behind.run(tokens.list_keys)
    (unopened,) = (key.kid for key in keys if (key.alg, key.state) == ("ES256", KeyState.NEXT))
    ring = behind.services.get(KeyRing)

    assert (await behind.run(ring.load_verifying_key, unopened)).kid == unopened
    with pytest.raises(MasterKeyWrongError):
        await behind.run(ring.load_own_key, unopened)
