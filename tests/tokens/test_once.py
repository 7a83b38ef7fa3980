"""Ids that count once: whoever comes second is told so, whatever became of the first."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from conftest import Clock
from impersonator_api.errors import Refusal
from impersonator_api.tokens import forget_used_ids, use_once
from impersonator_api.tokens.errors import UsedBeforeError
from impersonator_api.tokens.once import KEPT_BEYOND, OneUse, one_use
from impersonator_api.work import Desk, Work


def fresh(clock: Clock, **changed: str) -> OneUse:
    named = {"kind": "test", "owner": "ana", "jti": uuid4().hex} | changed
    return one_use(named["kind"], owner=named["owner"], jti=named["jti"], expires_at=clock() + timedelta(minutes=1))


async def is_taken(desk: Desk, use: OneUse) -> bool:
    try:
        await desk.run(use_once, use)
    except UsedBeforeError:
        return False
    return True


async def test_an_id_is_taken_once(desk: Desk, clock: Clock) -> None:
    use = fresh(clock)

    assert [await is_taken(desk, use) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("run", ["run", "run_in_transaction"])
async def test_it_stays_taken_though_the_story_was_refused(desk: Desk, clock: Clock, run: str) -> None:
    use = fresh(clock)

    async def refused(work: Work) -> None:
        await use_once(work, use)
        raise Refusal("No.")

    with pytest.raises(Refusal):
        await getattr(desk, run)(refused)

    assert not await is_taken(desk, use)


async def test_it_stays_taken_though_the_rest_was_rolled_back(desk: Desk, clock: Clock) -> None:
    use = fresh(clock)

    async def refused_late(work: Work) -> None:
        await use_once(work, use)
        await work.send()
        raise Refusal("No.")

    with pytest.raises(Refusal):
        await desk.run_in_transaction(refused_late)

    assert not await is_taken(desk, use)


async def test_a_story_that_broke_takes_nothing(desk: Desk, clock: Clock) -> None:
    use = fresh(clock)

    async def broken(work: Work) -> None:
        await use_once(work, use)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await desk.run(broken)

    assert await is_taken(desk, use)


async def test_of_twenty_at_once_one_takes_it(desk: Desk, clock: Clock) -> None:
    use = fresh(clock)

    taken = await asyncio.gather(*(is_taken(desk, use) for _ in range(20)))

    assert sum(taken) == 1


async def test_owner_and_kind_belong_to_an_id(desk: Desk, clock: Clock) -> None:
    jti = uuid4().hex
    uses = [fresh(clock, jti=jti, **other) for other in ({}, {"owner": "bob"}, {"kind": "another"})]

    assert [await is_taken(desk, use) for use in uses] == [True, True, True]


def test_no_separator_makes_two_ids_one(clock: Clock) -> None:
    moment = clock()

    one = one_use("k", owner='a", "b', jti="c", expires_at=moment)
    other = one_use("k", owner="a", jti='b", "c', expires_at=moment)

    assert one.digest != other.digest


async def test_an_id_is_forgotten_once_no_replica_would_take_it(desk: Desk, clock: Clock) -> None:
    use = fresh(clock)
    await desk.run(use_once, use)

    clock.forward(minutes=1, seconds=KEPT_BEYOND.total_seconds())
    await desk.run(forget_used_ids)
    kept = not await is_taken(desk, use)
    clock.forward(seconds=1)
    await desk.run(forget_used_ids)

    assert kept
    assert await is_taken(desk, use)
