"""What a process measures of itself every other second, so that any worker can tell it of all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import ProcessCollector

from impersonator_api.metrics import catalogue
from impersonator_api.metrics.meters import Meters, meters

EVERY = 2.0
"""Seconds."""

OF_PROCESS = {
    "process_resident_memory_bytes": catalogue.MEMORY,
    "process_open_fds": catalogue.OPEN_FILES,
    "process_max_fds": catalogue.MOST_FILES,
    "process_start_time_seconds": catalogue.STARTED_AT,
}
"""By the name under which the library tells them, where the system has /proc."""


@dataclass(frozen=True, slots=True)
class PoolUse:
    """A pool of database connections at one moment."""

    size: int
    checked_out: int
    waiting: int


class Sampler:
    """Measures one process."""

    def __init__(self, pool: Callable[[], PoolUse]) -> None:
        self._pool = pool
        self._process = ProcessCollector(registry=None)
        self._told_cpu = 0.0

    def sample(self) -> None:
        """Set every gauge of this process; a tenth of a millisecond."""
        own, pool = meters(), self._pool()
        own[catalogue.WORKERS][()](1)
        own[catalogue.POOL_SIZE][()](pool.size)
        own[catalogue.POOL_CHECKED_OUT][()](pool.checked_out)
        own[catalogue.POOL_WAITING][()](pool.waiting)
        for family in self._process.collect():
            for sample in family.samples:
                self._tell(own, sample.name, sample.value)

    def _tell(self, own: Meters, name: str, value: float) -> None:
        if name in OF_PROCESS:
            own[OF_PROCESS[name]][(own.worker,)](value)
        elif name == catalogue.CPU.name:
            own[catalogue.CPU][(own.worker,)](value - self._told_cpu)
            self._told_cpu = value


@asynccontextmanager
async def sampling(pool: Callable[[], PoolUse], *, every: float = EVERY) -> AsyncIterator[Sampler]:
    """Measure this process for as long as it serves."""
    sampler = Sampler(pool)
    sampler.sample()
    rounds = asyncio.create_task(_sample_for_ever(sampler, every))
    try:
        yield sampler
    finally:
        rounds.cancel()


async def _sample_for_ever(sampler: Sampler, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        sampler.sample()
