"""What a process counts by itself."""

import tracemalloc

from impersonator_api.rate_limits import OwnCounts, RateLimiter, Tally
from impersonator_api.rate_limits.own import MOST_KEYS, Lately
from impersonator_api.rates import rates_of

MINUTE = rates_of("2/minute")
MEBIBYTE = 1024 * 1024


class Seconds:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_window_begins_with_the_first_count_and_not_with_the_minute() -> None:
    seconds = Seconds()
    limiter, tally = RateLimiter(seconds), Tally(MINUTE, "key")
    await limiter.count(tally)
    seconds.now += 59
    await limiter.count(tally)

    wait = await limiter.find_wait(tally)
    seconds.now += 1

    assert wait == 1
    assert await limiter.find_wait(tally) is None


async def test_a_clock_put_back_lets_nobody_wait_until_it_has_caught_up() -> None:
    seconds = Seconds()
    limiter, tally = RateLimiter(seconds), Tally(MINUTE, "key")
    for _ in range(3):
        await limiter.count(tally)

    seconds.now -= 3600

    assert await limiter.find_wait(tally) is None
    assert [await limiter.count(tally) for _ in range(3)] == [None, None, 60]


async def test_the_longest_of_several_waits_is_told() -> None:
    limiter = RateLimiter(Seconds())
    short, long = Tally(MINUTE, "short"), Tally(rates_of("1/hour"), "long")
    for _ in range(2):
        await limiter.count(short, long)

    assert await limiter.find_wait(short) == 60
    assert await limiter.find_wait(short, long) == 3600


async def test_one_too_many_is_told_at_once() -> None:
    limiter, tally = RateLimiter(Seconds()), Tally(MINUTE, "key")

    waits = [await limiter.count(tally) for _ in range(3)]

    assert waits == [None, None, 60]


async def test_looking_up_keeps_nothing() -> None:
    counts = OwnCounts(Seconds())

    found = [await counts.get(f"made-up-{n}") for n in range(1000)]

    assert set(found) == {0}
    assert len(counts) == 0


async def test_what_is_over_is_dropped_when_it_is_asked_for() -> None:
    seconds = Seconds()
    counts = OwnCounts(seconds)
    await counts.incr("key", 60)
    seconds.now += 60

    assert await counts.get_expiry("key") == seconds.now
    assert len(counts) == 0


async def test_the_oldest_count_makes_room() -> None:
    counts = OwnCounts(Seconds(), most_keys=2)
    for key in ("first", "second", "first", "third"):
        await counts.incr(key, 60)

    assert [await counts.get(key) for key in ("first", "second", "third")] == [0, 1, 1]


async def test_memory_is_bounded_whatever_is_made_up() -> None:
    counts = OwnCounts(Seconds())
    tracemalloc.start()

    for n in range(MOST_KEYS + 10_000):
        await counts.incr(MINUTE[0].key_for(f"{n:032x}"), 60)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(counts) == MOST_KEYS
    assert used < 20 * MEBIBYTE


async def test_a_storage_is_what_limits_asks_for() -> None:
    counts = OwnCounts(Seconds())
    for key in ("one", "two", "three"):
        await counts.incr(key, 60)

    await counts.clear("one")

    assert await counts.check()
    assert (await counts.get("one"), await counts.reset(), len(counts)) == (0, 2, 0)


def test_where_nobody_has_failed_lately_nothing_is_looked_up() -> None:
    seconds = Seconds()
    limiter = RateLimiter(seconds)
    before = limiter.may_wait_at("here")
    limiter.note("here", 60)
    during = limiter.may_wait_at("here"), limiter.may_wait_at("there")

    seconds.now += 60

    assert (before, during, limiter.may_wait_at("here")) == (False, (True, False), False)


def test_no_more_places_are_remembered_than_that() -> None:
    lately = Lately(Seconds(), most_names=2)

    for name in ("one", "two", "one", "three"):
        lately.note(name, 60)

    assert [lately.knows(name) for name in ("one", "two", "three")] == [True, False, True]
