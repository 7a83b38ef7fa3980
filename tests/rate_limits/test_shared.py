"""What processes count together, and what happens while they cannot."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from datetime import timedelta
from time import perf_counter, time

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from builders import make_tenant
from impersonator_api.rate_limits import RateLimiter, Tally, open_limiter
from impersonator_api.rate_limits.limiter import PAUSE
from impersonator_api.rate_limits.shared import MOST_CONNECTIONS, as_spoken
from impersonator_api.rates import rates_of
from impersonator_api.settings import Settings
from impersonator_api.work import utc_now
from limited import Visitor, limited
from shared_storage import PASSWORD, Valkey

PATIENT = timedelta(minutes=1)
"""A busy machine is no absence."""

TALLY = Tally(rates_of("3/minute"), "0123456789abcdef")


class Seconds:
    """Real time, and what a test adds to it: the server's clock cannot be moved."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time() + self.ahead


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def limiter_at(url: str, seconds: Seconds, patience: timedelta = PATIENT) -> RateLimiter:
    settings = Settings(rate_limit_storage_url=SecretStr(url), rate_limit_storage_timeout=patience)
    return open_limiter(settings, clock=seconds)


@pytest.fixture
async def limiter(valkey: Valkey, seconds: Seconds) -> AsyncIterator[RateLimiter]:
    """The limiter of one process."""
    limiter = limiter_at(valkey.url, seconds)
    yield limiter
    await limiter.aclose()


@pytest.fixture
async def other(valkey: Valkey, seconds: Seconds) -> AsyncIterator[RateLimiter]:
    """The limiter of another process."""
    limiter = limiter_at(valkey.url, seconds)
    yield limiter
    await limiter.aclose()


async def test_two_processes_count_together(limiter: RateLimiter, other: RateLimiter) -> None:
    for each in (limiter, other, limiter):
        await each.count(TALLY)

    waits = [await each.find_wait(TALLY) for each in (limiter, other)]

    assert all(wait is not None and 58 <= wait <= 61 for wait in waits)


async def test_of_many_at_once_no_count_is_lost(limiter: RateLimiter, other: RateLimiter) -> None:
    tally = Tally(rates_of("100/minute"), "key")

    waits = await asyncio.gather(*(each.count(tally) for each in (limiter, other) * MOST_CONNECTIONS * 5))

    assert sum(wait is None for wait in waits) == 100


async def test_after_the_wait_that_was_told_it_is_free(limiter: RateLimiter) -> None:
    tally = Tally(rates_of("1/second"), "key")
    await limiter.count(tally)

    wait = await limiter.find_wait(tally)

    assert wait in {1, 2}
    await asyncio.sleep(wait)
    assert await limiter.find_wait(tally) is None


async def test_a_failure_at_one_process_is_known_to_the_next(
    valkey: Valkey, database_url: str, engine: AsyncEngine
) -> None:
    service = await (await make_tenant(engine)).client("backend", kind="service", scopes=["root"])
    async with AsyncExitStack() as stack:
        url = SecretStr(valkey.url)
        apps = [
            await stack.enter_async_context(
                limited(database_url, utc_now, rate_limit_storage_url=url, rate_limit_storage_timeout=PATIENT)
            )
            for _ in range(2)
        ]
        one, another = (Visitor(app) for app in apps)
        failed = [*await one.fail(2, service), *await another.fail(1, service)]
        answers = [await visitor.as_client(service) for visitor in (one, another)]

    assert failed == [401, 401, 401]
    assert [answer.status_code for answer in answers] == [429, 429]
    assert all(58 <= int(answer.headers["Retry-After"]) <= 61 for answer in answers)


async def test_nothing_that_was_sent_is_stored(valkey: Valkey, database_url: str) -> None:
    async with limited(
        database_url, utc_now, rate_limit_storage_url=SecretStr(valkey.url), rate_limit_storage_timeout=PATIENT
    ) as app:
        await Visitor(app).fail(2, "a-client-of-somebodys")

    client = Redis.from_url(as_spoken(valkey.url), decode_responses=True)
    keys = [str(key) for key in await client.keys()]
    values = await client.mget(keys)
    await client.aclose()

    assert len(keys) == 2
    assert all(re.fullmatch(r"impersonator:LIMITER/[0-9a-f]{32}/[38]/1/minute", key) for key in keys)
    assert values == ["2", "2"]


async def test_while_it_is_away_each_process_counts_by_itself(valkey: Valkey, limiter: RateLimiter) -> None:
    await limiter.count(TALLY)
    valkey.stop()

    with capture_logs() as lines:
        waits = [await limiter.count(TALLY) for _ in range(4)]

    assert [wait is None for wait in waits] == [True, True, True, False]
    assert [(line["log_level"], line["reason"]) for line in lines] == [("warning", "ConnectionError")]


async def test_when_it_is_back_it_counts_again(valkey: Valkey, limiter: RateLimiter, seconds: Seconds) -> None:
    valkey.stop()
    await limiter.count(TALLY)
    valkey.start()
    seconds.ahead += PAUSE + 1

    with capture_logs() as lines:
        waits = [await limiter.count(TALLY) for _ in range(4)]

    assert [wait is None for wait in waits] == [True, True, True, False]
    assert [line["event"] for line in lines] == ["rate limit storage back"]


async def test_a_restart_goes_unnoticed(valkey: Valkey, limiter: RateLimiter) -> None:
    await limiter.count(TALLY)
    valkey.stop()
    valkey.start()

    with capture_logs() as lines:
        await limiter.count(TALLY)

    assert lines == []


async def span_of(question: Awaitable[object]) -> float:
    started_at = perf_counter()
    await question
    return perf_counter() - started_at


@pytest.fixture
async def impatient(valkey: Valkey, seconds: Seconds) -> AsyncIterator[RateLimiter]:
    """The limiter of a process that has only so much time."""
    limiter = limiter_at(valkey.url, seconds, timedelta(milliseconds=500))
    await limiter.count(TALLY)
    yield limiter
    await limiter.aclose()


async def test_one_that_hangs_costs_little_and_only_once(valkey: Valkey, impatient: RateLimiter) -> None:
    with valkey.hanging():
        spans = [await span_of(impatient.find_wait(TALLY)) for _ in range(20)]

    assert 0.4 < spans[0] < 5
    assert sum(spans[1:]) < 0.4


async def test_while_it_is_away_one_request_in_a_while_finds_out_for_all(
    valkey: Valkey, impatient: RateLimiter, seconds: Seconds
) -> None:
    with valkey.hanging():
        await impatient.count(TALLY)
        seconds.ahead += PAUSE + 1
        spans = await asyncio.gather(*(span_of(impatient.find_wait(TALLY)) for _ in range(50)))

    assert len([span for span in spans if span > 0.4]) == 1


async def test_a_wrong_password_is_an_absence_and_is_not_logged(valkey: Valkey, seconds: Seconds) -> None:
    wrong = valkey.url.replace(PASSWORD, "another-password")
    limiter = limiter_at(wrong, seconds)

    with capture_logs() as lines:
        await limiter.count(TALLY)
    await limiter.aclose()

    assert [line["reason"] for line in lines] == ["AuthenticationError"]
    assert "another-password" not in repr(lines)


@pytest.mark.parametrize(
    ("url", "spoken"),
    [
        ("valkey://valkey:6379", "redis://valkey:6379"),
        ("valkeys://valkey.test", "rediss://valkey.test"),
        ("valkey+unix:///run/valkey.sock", "unix:///run/valkey.sock"),
        ("redis+unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("redis://valkey.test", "redis://valkey.test"),
    ],
)
def test_valkey_speaks_redis(url: str, spoken: str) -> None:
    assert as_spoken(url) == spoken
