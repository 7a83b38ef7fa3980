"""Every replica is replaced while requests come, and none of them is lost."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from attacks.doors import Scene
from builders import ordinary_token
from conftest import MASTER_KEY
from impersonator_api.app import open_desk
from impersonator_api.settings import Settings
from operations.replicas import Balancer, Replica, environment_of, make_scene_at

ADMINS = 4


async def hammer(scene: Scene, token: str, answers: Counter[int], stop: asyncio.Event) -> None:
    """Start, refresh, look, end; a connection that breaks is raised."""
    while not stop.is_set():
        started = await scene.doors.start(token, scene.bob, client_id=scene.spa)
        answers[started.status_code] += 1
        refreshed = await scene.refreshed(started.json())
        looked = await scene.doors.userinfo(refreshed.json()["access_token"])
        ended = await scene.doors.end(token)
        answers.update(each.status_code for each in (refreshed, looked, ended))


async def replaced(replica: Replica) -> int:
    """As an orchestrator does it, which gives balancers a moment to hear of the new one; the old one's exit code."""
    code = await replica.stop()
    await replica.start()
    await asyncio.sleep(1)
    return code


@pytest.mark.slow
async def test_a_rolling_restart_under_load_loses_no_request(fresh_database_url: str, tmp_path: Path) -> None:
    environment = environment_of(fresh_database_url, tmp_path, IMPERSONATOR_DRAIN="PT1.5S")
    replicas = [Replica(environment), Replica(environment, workers=2)]
    answers: Counter[int] = Counter()
    stop = asyncio.Event()

    async with AsyncExitStack() as stack:
        for replica in await asyncio.gather(*(each.start() for each in replicas)):
            stack.push_async_callback(replica.stop)
        balancer = Balancer([each.url for each in replicas])
        http = httpx.AsyncClient(transport=balancer, base_url="http://127.0.0.1", timeout=30)
        scene = await make_scene_at(fresh_database_url, tmp_path, await stack.enter_async_context(http))
        tokens = await tokens_of_admins(scene, fresh_database_url, tmp_path)
        watching = asyncio.create_task(balancer.watch())
        hammers = [asyncio.create_task(hammer(scene, token, answers, stop)) for token in tokens]
        codes = [await replaced(replica) for replica in replicas]
        stop.set()
        await asyncio.gather(*hammers)
        watching.cancel()

    assert codes == [0, 0]
    assert answers.keys() == {200}
    assert answers[200] > 100


async def tokens_of_admins(scene: Scene, database_url: str, folder: Path) -> list[str]:
    """Of admins who do not stand in each other's way."""
    settings = Settings(data_dir=folder, master_key=MASTER_KEY)
    async with open_desk(settings, database_url=database_url) as desk:
        acme = replace(scene.acme, engine=desk.engine)
        admins = [await acme.person(f"admin{number}", "super_admin") for number in range(ADMINS)]
        return [await ordinary_token(desk, admin) for admin in admins]
