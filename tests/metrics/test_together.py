"""Several workers, each a process of its own, and one answer whichever of them is asked."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bad_days.serving import Serving, serving, until
from impersonator_api.metrics.together import SIZES, Place
from metrics.conftest import TOKEN
from scraping import Scrape, scraped

COUNT = "impersonator_http_request_duration_seconds_count"
POOL_OF_ONE = 16


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the server makes temporary folders."""
    folders = tmp_path / "temporary"
    folders.mkdir()
    monkeypatch.setenv("TMPDIR", str(folders))
    return folders


@pytest.fixture
async def service(fresh_database_url: str, tmp_path: Path, folders: Path) -> AsyncIterator[Serving]:
    """Two workers; when they have stopped, nothing of them is left."""
    async with serving(fresh_database_url, tmp_path, workers=2, settings={"METRICS_TOKEN": TOKEN}) as service:
        yield service
    assert files_in(folders) == set()


def files_in(folders: Path) -> set[str]:
    """What lies there, at any depth."""
    return {file.name for file in folders.rglob("*")}


async def scrape(service: Serving) -> Scrape:
    """Ask on a connection of its own, so that any worker may answer."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}") as prometheus:
        answer = await prometheus.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return scraped(answer.text)


async def ask_often(service: Serving, times: int) -> None:
    """Requests on connections of their own, at once, so that both workers get some."""
    await asyncio.gather(*(service.ask("/nowhere") for _ in range(times)))


async def both_sampled(service: Serving) -> bool:
    return (await scrape(service)).of("impersonator_workers") == 2


async def all_counted(service: Serving) -> bool:
    """An answer is counted after it was sent."""
    return (await scrape(service)).of(COUNT, route="none", status="4xx") == 60


async def test_every_worker_tells_the_sum_of_all(service: Serving) -> None:
    await until(lambda: both_sampled(service), "not both workers are told")

    await ask_often(service, 60)
    await until(lambda: all_counted(service), "not every request is counted")
    told = [await scrape(service) for _ in range(8)]

    assert {each.of(COUNT, route="none", status="4xx") for each in told} == {60}
    assert {each.of("impersonator_pool_size") for each in told} == {2 * POOL_OF_ONE}
    assert told[0].labels("process_resident_memory_bytes", "worker") == {"0", "1"}
    assert {each.of("impersonator_tokens_replayed_total") for each in told} == {0}


async def test_what_a_dead_worker_counted_stays_and_what_it_held_does_not(service: Serving, folders: Path) -> None:
    await until(lambda: both_sampled(service), "not both workers are told")
    await ask_often(service, 60)
    await until(lambda: all_counted(service), "not every request is counted")
    files = files_in(folders)

    os.kill(service.workers[0], signal.SIGKILL)
    alone = await scrape(service)
    await until(lambda: service.ready >= 3, "nobody came in the dead worker's place")
    await until(lambda: both_sampled(service), "the new worker is not told")
    again = await scrape(service)

    assert alone.of("impersonator_pool_size") == POOL_OF_ONE
    assert alone.of(COUNT, route="none", status="4xx") == 60
    assert again.of(COUNT, route="none", status="4xx") == 60
    assert again.labels("process_resident_memory_bytes", "worker") == {"0", "1"}
    assert files_in(folders) == files


def test_a_place_is_free_again_when_its_holder_is_gone(tmp_path: Path) -> None:
    first, second = Place(tmp_path), Place(tmp_path)

    os.close(first._lock)
    second.forget_dead()
    kept = files_in(tmp_path)
    third = Place(tmp_path)

    assert (first.number, second.number, third.number) == (0, 1, 0)
    assert {"gauge_livesum_1.db", "counter_0.db", "gauge_max_0.db"} <= kept
    assert kept.isdisjoint({"gauge_livesum_0.db", "gauge_livemax_0.db"})
    os.close(second._lock)
    os.close(third._lock)


def test_a_worker_takes_the_room_for_its_files_before_it_counts(tmp_path: Path) -> None:
    place = Place(tmp_path)

    sizes = {file.name: (file.stat().st_size, file.stat().st_blocks * 512) for file in tmp_path.glob("*.db")}
    assert len(sizes) == len(SIZES)
    assert all(taken >= size > 0 for size, taken in sizes.values())
    os.close(place._lock)
