"""Lists that are longer than is counted are counted once a minute, not for each page."""

from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import make_tenant, start
from conftest import ActingAs, Clock
from impersonator_api.sessions import store
from impersonator_api.sessions.totals import KNOWN_FOR, REMEMBERED, CappedTotals
from impersonator_api.work import Desk

NOW = datetime(2026, 11, 21, tzinfo=UTC)


async def totals(http: AsyncClient, **query: str) -> tuple[int, bool]:
    answer = (await http.get("/api/admin/impersonate/sessions", params=query)).raise_for_status().json()
    return answer["total_count"], answer["total_is_capped"]


async def test_a_list_that_is_too_long_is_counted_again_after_a_minute(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock, acting_as: ActingAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    for _ in range(2):
        await start(signing_desk, ana, bob)
    http = await acting_as(ana)
    monkeypatch.setattr(store, "COUNTED_AT_MOST", 1)

    first = await totals(http)
    monkeypatch.setattr(store, "COUNTED_AT_MOST", 10_000)
    known = await totals(http)
    clock.forward(seconds=KNOWN_FOR.total_seconds() + 1)
    counted = await totals(http)

    assert (first, known, counted) == ((1, True), (10_000, True), (2, False))


async def test_running_sessions_are_counted_each_time(
    engine: AsyncEngine, signing_desk: Desk, acting_as: ActingAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = await make_tenant(engine)
    bob = await acme.person("bob", "customer")
    ana, eva = [await acme.person(name, "super_admin") for name in ("ana", "eva")]
    for each in (ana, eva):
        await start(signing_desk, each, bob)
    http = await acting_as(ana)
    monkeypatch.setattr(store, "COUNTED_AT_MOST", 1)

    first = await totals(http, status="active")
    await http.post("/api/admin/impersonate/end", json={})
    then = await totals(http, status="active")

    assert (first, then) == ((1, True), (1, False))


def test_a_list_is_known_for_a_minute() -> None:
    known = CappedTotals()
    known.keep("list", NOW)

    assert known.knows("list", NOW + KNOWN_FOR - timedelta(seconds=1))
    assert not known.knows("list", NOW + KNOWN_FOR)
    assert not known.knows("another", NOW)


def test_the_list_that_was_counted_the_longest_ago_is_forgotten_first() -> None:
    known = CappedTotals()
    for number in range(REMEMBERED + 1):
        known.keep(number, NOW)

    assert not known.knows(0, NOW)
    assert known.knows(1, NOW)
