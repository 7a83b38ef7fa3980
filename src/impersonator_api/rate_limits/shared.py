"""Counts that all processes share, in Redis or Valkey."""

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from typing_extensions import override

MOST_CONNECTIONS = 16
"""Of one worker process; beyond them one waits for another."""

ROUNDING = 0.5
"""Seconds by which a key may outlive what the server's `TTL` says, as that is rounded to the nearest second."""


class SharedCounts(RedisStorage):
    """Redis as `limits` speaks to it, with an end of each count that is never told too early."""

    STORAGE_SCHEME = None  # type: ignore[assignment]  # not to be found by its scheme in the library's registry

    def __init__(self, url: str) -> None:
        """At `redis://`, `rediss://`, `redis+unix://`, or the same with `valkey`; nothing is connected yet."""
        # One retry, for a connection that a restarted server has closed; the client's own would wait for seconds.
        self._pool = BlockingConnectionPool.from_url(
            as_spoken(url), max_connections=MOST_CONNECTIONS, retry=Retry(NoBackoff(), 1)
        )
        super().__init__(
            "async+redis://",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="impersonator",
            connection_pool=self._pool,  # type: ignore[arg-type]  # it is one of the options; their type is too narrow
        )

    @override
    async def get_expiry(self, key: str) -> float:
        return await super().get_expiry(key) + ROUNDING

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._pool.aclose()


def as_spoken(url: str) -> str:
    """Valkey speaks Redis's protocol, so one client serves both."""
    if url.startswith("valkey"):
        url = f"redis{url.removeprefix('valkey')}"
    return url.removeprefix("redis+") if url.startswith("redis+unix:") else url
