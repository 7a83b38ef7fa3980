"""The connections of one process, and when it is no use to wait for one."""

from time import monotonic
from typing import Final

from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, ManagesConnection, PoolProxiedConnection
from typing_extensions import override

SMOOTHING: Final = 1 / 16
"""How much the latest span counts: connections come back in bursts, some dozens make a pace."""


class HonestPool(AsyncAdaptedQueuePool):
    """Refuses at once whoever would wait in vain, so that overload costs those that are refused nothing but a moment.

    Without it thousands wait for the whole timeout, and are then refused all the same.
    """

    _waiting = 0
    _pace = 0.0
    """Seconds between two connections that come back, while somebody waits for them."""
    _came_back_at: float | None = None

    def take_idle(self) -> ManagesConnection | None:
        """One that is connected and that nobody uses, if there is one.

        Nothing is waited for, so it needs none of what SQLAlchemy puts around a connection: a tenth of the time.
        """
        if self._pool.empty():
            return None
        entry = super()._do_get()
        if entry.dbapi_connection is not None:
            return entry
        super()._do_return_conn(entry)
        return None

    def put_back(self, taken: ManagesConnection, *, is_dead: bool) -> None:
        """Give back what was taken, idle or waited for; a dead one's place is there for another."""
        if is_dead:
            taken.invalidate()
        if isinstance(taken, ConnectionPoolEntry):
            self._do_return_conn(taken)
        elif isinstance(taken, PoolProxiedConnection) and not is_dead:
            taken.close()

    @override
    def _do_get(self) -> ConnectionPoolEntry:
        if not self._pool.empty() or self._overflow < self._max_overflow:
            return super()._do_get()
        if self._waiting * self._pace > self._timeout:
            raise PoolTimeoutError(f"{self._waiting} wait already, which would take longer than {self._timeout} s")
        self._waiting += 1
        try:
            return super()._do_get()
        finally:
            self._waiting -= 1

    @override
    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        if not self._waiting:
            # The crowd is gone, and what held it up may be as well.
            self._pace, self._came_back_at = 0.0, None
            return
        now = monotonic()
        if self._came_back_at is not None:
            self._pace += (now - self._came_back_at - self._pace) * SMOOTHING
        self._came_back_at = now
