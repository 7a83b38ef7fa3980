"""What happened at one replica is so at every other; the second replica is two processes besides."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from attacks.doors import Scene
from cli.conftest import on_server
from operations.replicas import Pair, pair_of, until

pytestmark = pytest.mark.slow

Look = Callable[[Scene, dict[str, Any]], Awaitable[httpx.Response]]

HEARD_WITHIN = 11.0
"""Seconds in which every process hears of a withdrawn key: five of its round, five of its pause, and one to do it."""


@pytest.fixture(scope="module")
async def database(owner_url: str, template: str) -> AsyncIterator[str]:
    """A database for both replicas."""
    name = f"impersonator_pair_{uuid4().hex[:8]}"
    await on_server(owner_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield make_url(owner_url).set(database=name).render_as_string(hide_password=False)
    await on_server(owner_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
async def pair(database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Two replicas that run."""
    async with AsyncExitStack() as stack:
        yield await pair_of(stack, database, tmp_path_factory.mktemp("replicas"))


@pytest.fixture
async def owner(database: str) -> AsyncIterator[AsyncEngine]:
    """The owner's way to their database."""
    engine = create_async_engine(database)
    yield engine
    await engine.dispose()


async def is_active(scene: Scene, started: dict[str, Any]) -> bool:
    answer = await scene.doors.introspect(started["access_token"], scene.backoffice)
    return bool(answer.raise_for_status().json()["active"])


DEAD_AT: dict[str, tuple[Look, int]] = {
    "refresh": (lambda scene, started: scene.refreshed(started), 400),
    "userinfo": (lambda scene, started: scene.doors.userinfo(started["access_token"]), 401),
    "end": (lambda scene, started: scene.doors.end(started["access_token"]), 401),
    "hand-over": (lambda scene, started: scene.handed_over(started), 400),
}


@pytest.mark.parametrize("use", DEAD_AT)
async def test_a_session_that_ended_at_one_replica_is_dead_at_the_other_at_once(pair: Pair, use: str) -> None:
    here, there = pair.at
    started = await here.started()
    look, status = DEAD_AT[use]
    alive = [await is_active(there, started) for _ in range(4)]

    (await here.doors.end(here.ana_token)).raise_for_status()
    answers = [(await look(there, started)).status_code for _ in range(4)]

    assert alive == [True] * 4
    assert answers == [status] * 4
    assert not await is_active(there, started)


async def test_a_session_that_a_command_ended_is_dead_at_every_replica(pair: Pair) -> None:
    started = await pair.at[0].started()
    assert all([await is_active(each, started) for each in pair.at * 2])

    await pair.command("sessions", "end", started["session_id"])

    assert not any([await is_active(each, started) for each in pair.at * 2])


async def test_who_starts_at_both_replicas_at_once_has_one_session(pair: Pair, owner: AsyncEngine) -> None:
    starts = [each.doors.start(each.ana_token, each.bob, client_id=each.spa) for each in pair.at * 5]
    answers = [answer.status_code for answer in await asyncio.gather(*starts)]

    async with owner.connect() as db:
        active = "SELECT count(*) FROM impersonation_sessions WHERE status = 'active' AND impersonator_id = :id"
        count = (await db.execute(text(active), {"id": pair.at[0].ana.id})).scalar_one()

    assert set(answers) <= {200, 409}
    assert count == 1


OVERDUE = "UPDATE {table} SET expires_at = {started} + interval '1 millisecond' WHERE {id} = :id"
EXPIRED = "SELECT count(*) FROM audit_entries WHERE action = 'session.expired' AND session_id = :id"


async def test_what_time_asks_for_is_done_once_however_many_could(pair: Pair, owner: AsyncEngine) -> None:
    session = {"id": (await pair.at[0].started())["session_id"]}

    async def times_expired() -> int:
        async with owner.connect() as db:
            return int((await db.execute(text(EXPIRED), session)).scalar_one())

    async with owner.begin() as db:
        overdue = OVERDUE.format(table="impersonation_sessions", started="started_at", id="id")
        await db.execute(text(overdue), session)
        slot = OVERDUE.format(table="active_sessions", started="expires_at - interval '1 day'", id="session_id")
        await db.execute(text(slot), session)
    await until(times_expired, seconds=30)
    await asyncio.sleep(6)

    assert await times_expired() == 1


# The last one: what it withdraws has signed the others' tokens.
async def test_a_key_withdrawn_by_a_command_is_believed_nowhere_soon(pair: Pair) -> None:
    started = await pair.at[0].started()
    keys = json.loads(await pair.command("keys", "list", "--json"))
    (current,) = [key["kid"] for key in keys if (key["state"], key["alg"]) == ("current", "ES256")]

    async def is_refused_everywhere() -> bool:
        looks = [each.doors.userinfo(started["access_token"]) for each in pair.at * 4]
        return {answer.status_code for answer in await asyncio.gather(*looks)} == {401}

    await pair.command("keys", "rotate", "--compromised", current)
    heard_after = await until(is_refused_everywhere, seconds=60)
    again = await pair.at[0].doors.start(pair.at[0].ana_token, pair.at[0].bob)

    assert heard_after < HEARD_WITHIN
    assert again.status_code == 401, "her own token was signed by that key as well"
