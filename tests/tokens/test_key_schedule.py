"""Keys move on by themselves: not before they may, not after they should, and once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from conftest import Clock
from impersonator_api import tokens, worker
from impersonator_api.policy.spans import LONGEST
from impersonator_api.settings import Settings
from impersonator_api.tokens import KeyState, MasterKeys, StoredKey
from impersonator_api.tokens.errors import KeyNotPublishedLongEnoughError
from impersonator_api.tokens.key_life import LONGEST_TOKEN
from impersonator_api.tokens.tables import signing_keys
from impersonator_api.work import Desk

from .conftest import KeyDeskMaker

LIFETIME = timedelta(days=90)


async def states_of(desk: Desk, alg: str = "ES256") -> dict[KeyState, StoredKey]:
    """The newest key of each state."""
    return {key.state: key for key in await desk.run(tokens.list_keys) if key.alg == alg}


@pytest.fixture
async def without_next(own_engine: AsyncEngine, key_desk: Desk) -> Desk:
    """Somebody lost the next keys."""
    async with own_engine.begin() as db:
        await db.execute(delete(signing_keys).where(signing_keys.c.state == KeyState.NEXT))
    return key_desk


async def test_a_key_signs_for_its_lifetime_and_not_longer(key_desk: Desk, clock: Clock) -> None:
    before = await states_of(key_desk)
    clock.forward(days=90, seconds=-1)
    early = await key_desk.run_in_transaction(tokens.rotate_due_keys)
    clock.forward(seconds=1)

    rotated = await key_desk.run_in_transaction(tokens.rotate_due_keys)

    after = await states_of(key_desk)
    assert (early, rotated) == (0, 2)
    assert after[KeyState.CURRENT].kid == before[KeyState.NEXT].kid
    assert after[KeyState.RETIRED].kid == before[KeyState.CURRENT].kid
    assert after[KeyState.NEXT].created_at == clock.moment


async def test_algorithms_are_due_each_in_its_time(key_desk: Desk, clock: Clock) -> None:
    clock.forward(days=30)
    await key_desk.run_in_transaction(tokens.rotate_keys, alg=tokens.SigningAlgorithm.RS256)
    clock.forward(days=60)

    assert await key_desk.run_in_transaction(tokens.rotate_due_keys) == 1
    assert KeyState.RETIRED in await states_of(key_desk, "ES256")


async def test_a_key_that_is_due_waits_until_its_follower_is_known(key_desk: Desk, clock: Clock) -> None:
    clock.forward(days=90)
    await key_desk.run_in_transaction(tokens.replace_compromised_key, (await states_of(key_desk))[KeyState.NEXT].kid)
    clock.forward(minutes=6, seconds=-1)
    early = await key_desk.run_in_transaction(tokens.rotate_due_keys)
    clock.forward(seconds=1)

    assert (early, await key_desk.run_in_transaction(tokens.rotate_due_keys)) == (1, 1)


async def test_a_follower_that_is_missing_is_made_and_waited_for(without_next: Desk, clock: Clock) -> None:
    clock.forward(days=90)
    early = await without_next.run_in_transaction(tokens.rotate_due_keys)
    made = (await states_of(without_next))[KeyState.NEXT]
    clock.forward(minutes=6)

    rotated = await without_next.run_in_transaction(tokens.rotate_due_keys)

    assert (early, rotated) == (0, 2)
    assert (await states_of(without_next))[KeyState.CURRENT].kid == made.kid


async def test_a_command_does_not_retire_a_key_that_nobody_follows(without_next: Desk) -> None:
    with pytest.raises(KeyNotPublishedLongEnoughError):
        await without_next.run_in_transaction(tokens.rotate_keys)

    assert (await states_of(without_next)).keys() == {KeyState.CURRENT}


async def test_a_compromised_key_that_nobody_follows_is_replaced_all_the_same(without_next: Desk) -> None:
    stolen = (await states_of(without_next))[KeyState.CURRENT]

    await without_next.run_in_transaction(tokens.replace_compromised_key, stolen.kid)

    after = await states_of(without_next)
    assert after.keys() == {KeyState.COMPROMISED, KeyState.CURRENT, KeyState.NEXT}
    assert after[KeyState.COMPROMISED].kid == stolen.kid


async def test_without_a_schedule_keys_wait_for_a_command(key_desk: Desk, clock: Clock) -> None:
    settings = key_desk.settings.model_copy(update={"signing_key_lifetime": None})
    unscheduled = replace(key_desk, settings=settings)
    clock.forward(days=4000)

    assert await unscheduled.run_in_transaction(tokens.rotate_due_keys) == 0
    assert {each.due_at for each in await unscheduled.run(tokens.list_scheduled_keys)} == {None}


async def test_workers_at_once_rotate_once(
    key_desk: Desk, key_desk_with: KeyDeskMaker, master_keys: MasterKeys, clock: Clock
) -> None:
    clock.forward(days=90)
    desks = [key_desk, *(key_desk_with(master_keys) for _ in range(4))]

    done = await asyncio.gather(*(worker.run_once(desk) for desk in desks))

    assert [each["rotate keys"] for each in done if each["rotate keys"]] == [2]
    assert len(await key_desk.run(tokens.list_keys)) == 6


async def test_each_move_of_a_key_is_in_the_log(key_desk: Desk, clock: Clock) -> None:
    before = await states_of(key_desk)
    clock.forward(days=90)

    with capture_logs() as lines:
        await key_desk.run_in_transaction(tokens.rotate_due_keys)

    moved = {line["kid"]: (line["was"], line["state"]) for line in lines if line["event"] == "signing key moved"}
    assert moved[before[KeyState.CURRENT].kid] == ("current", "retired")
    assert moved[before[KeyState.NEXT].kid] == ("next", "current")


async def test_who_looks_is_told_when_each_key_moves_on(key_desk: Desk, clock: Clock) -> None:
    made_at = clock.moment
    clock.forward(days=1)
    await key_desk.run_in_transaction(tokens.rotate_keys)

    keys = await key_desk.run(tokens.list_scheduled_keys)

    turn_at, gone_at = clock.moment + LIFETIME, made_at + timedelta(days=2, minutes=2)
    day = timedelta(days=1)
    expected = {"retired": (day, gone_at), "current": (day, turn_at), "next": (timedelta(0), turn_at)}
    assert len(keys) == 6
    assert all((each.age, each.due_at) == expected[each.key.state] for each in keys)


async def test_a_withdrawn_key_is_due_for_nothing(key_desk: Desk) -> None:
    stolen = (await states_of(key_desk))[KeyState.CURRENT]

    await key_desk.run_in_transaction(tokens.replace_compromised_key, stolen.kid)

    due = {each.key.kid: each.due_at for each in await key_desk.run(tokens.list_scheduled_keys)}
    assert due[stolen.kid] is None


@pytest.mark.parametrize("setting", ["access_token_lifetime", "service_token_lifetime"])
def test_no_setting_lets_a_token_outlive_a_retired_key(setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        Settings(**{setting: LONGEST_TOKEN + timedelta(seconds=1)})  # type: ignore[arg-type]  # one of several

    assert LONGEST <= LONGEST_TOKEN


@pytest.mark.parametrize(("written", "means"), [("P7D", timedelta(days=7)), ("off", None), ("0", None)])
def test_a_lifetime_is_days_or_off(monkeypatch: pytest.MonkeyPatch, written: str, means: timedelta | None) -> None:
    monkeypatch.setenv("IMPERSONATOR_SIGNING_KEY_LIFETIME", written)

    assert Settings().signing_key_lifetime == means


@pytest.mark.parametrize("written", ["PT1H", "P3651D", "never", ""])
def test_other_lifetimes_are_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("IMPERSONATOR_SIGNING_KEY_LIFETIME", written)

    with pytest.raises(ValueError, match="signing_key_lifetime"):
        Settings()
