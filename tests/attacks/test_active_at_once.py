"""Whatever happens at once: who is written down as active, and who lies among the active sessions, are the same."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import Scene
from attacks.test_races import demote, sweep
from conftest import Clock
from impersonator_api.work import Desk

APART = """
SELECT coalesce(session.id, active.session_id)
  FROM (SELECT * FROM impersonation_sessions WHERE status = 'active' AND tenant_id = :tenant) AS session
  FULL JOIN (SELECT * FROM active_sessions WHERE tenant_id = :tenant) AS active ON active.session_id = session.id
 WHERE session.id IS NULL OR active.session_id IS NULL OR session.expires_at <> active.expires_at
    OR session.impersonator_id <> active.impersonator_id
"""

Deed = Callable[[], Awaitable[object]]


async def told_apart(engine: AsyncEngine, scene: Scene) -> list[object]:
    async with engine.connect() as db:
        return list((await db.execute(text(APART), {"tenant": scene.acme.id})).scalars())


async def replayed(scene: Scene) -> None:
    """Start, and send the same refresh token too late."""
    answer = await scene.doors.start(scene.ana_token, scene.bob)
    if answer.status_code == 200:
        for _ in range(3):
            await scene.refreshed(answer.json())


@pytest.mark.parametrize("seed", range(3))
async def test_no_session_is_active_without_its_row_or_has_one_when_it_is_over(
    engine: AsyncEngine, scene: Scene, signing_desk: Desk, clock: Clock, seed: int
) -> None:
    deeds: list[Deed] = [
        *[lambda: scene.doors.start(scene.ana_token, scene.bob)] * 12,
        *[lambda: scene.doors.end(scene.ana_token)] * 8,
        *[lambda: replayed(scene)] * 4,
        *[lambda: sweep(signing_desk)] * 2,
        lambda: demote(scene, signing_desk),
    ]
    Random(seed).shuffle(deeds)  # noqa: S311  an order, no secret

    await asyncio.gather(*[deed() for deed in deeds], return_exceptions=True)
    at_work = await told_apart(engine, scene)
    clock.forward(hours=24)
    await sweep(signing_desk)

    assert at_work == []
    assert await told_apart(engine, scene) == []
