"""The keys of foreign issuers: fetched, remembered, and never a way to keep this service busy."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from impersonator_api.callers.errors import IssuerKeysUnavailableError
from impersonator_api.callers.jwk_set import Keys, UnusableAnswerError, parse_keys
from impersonator_api.settings import Settings
from impersonator_api.tokens import VerifyingKey

if TYPE_CHECKING:
    from impersonator_api.callers.fetching import Fetcher

FRESH = timedelta(minutes=5)
"""After this the keys are fetched again, behind the back of the request that noticed."""

STALE = timedelta(hours=1)
"""After this nobody is let in by what was known before it was asked for again: a key may have been withdrawn."""

PAUSE = timedelta(seconds=30)
"""Between two fetches from one place, whatever kids the tokens make up."""

Apart = Callable[[], AbstractAsyncContextManager[None]]
"""How somebody waits without holding what others need."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Place:
    """What is known of one `jwks_uri`."""

    keys: Keys = field(default_factory=dict)
    asked_at: datetime | None = None
    has_failed: bool = False
    waiting: int = 0
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_due(self, now: datetime, pause: timedelta) -> bool:
        # A clock that was put back is no reason to wait until it has caught up. Who waits for a fetch that somebody
        # began who came after him is no reason to fetch again.
        return self.asked_at is None or not self.asked_at - PAUSE <= now < self.asked_at + pause


class IssuerKeys:
    """The service that finds a foreign issuer's key. An outage keeps what is known; the unknown fails closed."""

    def __init__(self, open_fetcher: "Callable[[], Fetcher]", *, most_waiting: int = 8) -> None:
        """Ask by that fetcher, which is opened by the first who asks.

        Whoever waits for a fetch holds up a request, so only `most_waiting` may, and three quarters of them for
        one place: where one tenant's is slow, the others' can still be asked.
        """
        self._open_fetcher = open_fetcher
        self._fetcher: Fetcher | None = None
        self._opening = asyncio.Lock()
        self._most_waiting = most_waiting
        self._most_for_one = max(1, most_waiting * 3 // 4)
        self._waiting = 0
        self._places: dict[str, _Place] = {}
        self._background: set[asyncio.Task[None]] = set()

    @classmethod
    def for_settings(cls, settings: Settings) -> "IssuerKeys":
        """The service as the settings want it; `aclose` it at the end."""
        open_fetcher = partial(_usual_fetcher, allow_loopback_http=not settings.is_production)
        return cls(open_fetcher, most_waiting=max(1, settings.pool_size // 2))

    async def find_key(
        self, jwks_uri: str, *, kid: str, alg: str, now: datetime, apart: Apart = nullcontext
    ) -> VerifyingKey | None:
        """The key of that name and algorithm, or `None` where the issuer does not publish it.

        What others might need meanwhile is let go by `apart`, where the issuer has to be waited for. Raises
        `IssuerKeysUnavailableError` where the key is not known and the issuer cannot be asked.
        """
        place = self._places.setdefault(jwks_uri, _Place())
        key = place.keys.get((kid, alg))
        if key is not None and not place.is_due(now, STALE):
            if place.is_due(now, FRESH) and not place.fetching.locked():
                self._refetch_behind(jwks_uri, place, now)
            return key
        await self._wait_for_refetch(jwks_uri, place, now, apart)
        key = place.keys.get((kid, alg))
        if key is None and place.has_failed:
            raise IssuerKeysUnavailableError("The issuer's keys cannot be fetched right now; try again.")
        return key

    async def settled(self) -> None:
        """Wait until nothing runs in the background."""
        await asyncio.gather(*self._background, return_exceptions=True)

    async def aclose(self) -> None:
        """Stop what runs in the background and let the connections go."""
        for task in self._background:
            task.cancel()
        await self.settled()
        if self._fetcher is not None:
            await self._fetcher.aclose()

    async def _wait_for_refetch(self, jwks_uri: str, place: _Place, now: datetime, apart: Apart) -> None:
        if not (place.fetching.locked() or place.is_due(now, PAUSE)):
            return
        # Made-up kids while an issuer is slow must not take every connection from everybody else.
        if self._waiting >= self._most_waiting or place.waiting >= self._most_for_one:
            raise IssuerKeysUnavailableError("The issuer's keys are being fetched; try again.")
        self._waiting, place.waiting = self._waiting + 1, place.waiting + 1
        try:
            async with apart():
                await self._refetch(jwks_uri, place, now, pause=PAUSE)
        finally:
            self._waiting, place.waiting = self._waiting - 1, place.waiting - 1

    def _refetch_behind(self, jwks_uri: str, place: _Place, now: datetime) -> None:
        task = asyncio.create_task(self._refetch(jwks_uri, place, now, pause=FRESH))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _refetch(self, jwks_uri: str, place: _Place, now: datetime, *, pause: timedelta) -> None:
        """Fetch once for all who wait; whoever comes while it runs gets its outcome."""
        async with place.fetching:
            if not place.is_due(now, pause):
                return
            place.asked_at = now
            try:
                place.keys = parse_keys(await self._fetch(jwks_uri))
            # A ValueError is an address that cannot be one.
            except (ValueError, TimeoutError, UnusableAnswerError) as error:
                place.has_failed = True
                log.warning("issuer's keys not fetched", jwks_uri=jwks_uri, why=str(error) or type(error).__name__)
            else:
                place.has_failed = False

    async def _fetch(self, jwks_uri: str) -> bytes:
        async with self._opening:
            if self._fetcher is None:
                # It takes a moment, in which others are answered.
                self._fetcher = await asyncio.to_thread(self._open_fetcher)
        return await self._fetcher.fetch(jwks_uri)


def _usual_fetcher(*, allow_loopback_http: bool) -> "Fetcher":
    # httpx and the web's certificates weigh megabytes, and a service that trusts only its own tokens never asks.
    from impersonator_api.callers.fetching import Fetcher  # noqa: PLC0415

    return Fetcher.usual(allow_loopback_http=allow_loopback_http)
