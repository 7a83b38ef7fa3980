"""What happens is counted once it is committed, and only then; metrics and audit agree."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from attacks.doors import Doors, make_scene
from builders import SUPPORT_POLICY, Organisation, audit_of, ender_for, make_tenant, start
from conftest import ActingAs, Clock
from impersonator_api import sessions
from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.database import LostRaceError
from impersonator_api.errors import ConcurrentChangeError, Refusal
from impersonator_api.metrics import catalogue
from impersonator_api.metrics.meters import MOST_COMBINATIONS, Family
from impersonator_api.statement import Write
from impersonator_api.work import Desk, Work
from metrics.conftest import Scraper

STARTED = "impersonator_sessions_started_total"
ENDED = "impersonator_sessions_ended_total"
REFUSED = "impersonator_refusals_total"
CACHE = "impersonator_token_cache_total"
LIFE = ("sessions_started", "sessions_handed_over", "tokens_refreshed", "tokens_replayed", "introspections")
LATENCY = "impersonator_http_request_duration_seconds_count"

Run = Callable[[Callable[[Work], Awaitable[Any]]], Awaitable[Any]]


@pytest.fixture(params=["run", "run_in_transaction"])
def run(request: pytest.FixtureRequest, desk: Desk) -> Run:
    """Both ways to run a story."""
    method: Run = getattr(desk, request.param)
    return method


def started(work: Work, acme: Organisation) -> Write:
    return recorded(work, Entry(action=Action.STARTED, tenant_id=acme.id, impersonator_kind="client"))


async def test_a_start_and_its_end_are_counted(signing_desk: Desk, engine: AsyncEngine, scrape: Scraper) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    before = await scrape()

    session = (await start(signing_desk, ana, bob)).live.session
    await signing_desk.run(sessions.end, ender=ender_for(ana), session_id=session.id)

    after = await scrape()
    assert after.of(STARTED, impersonator="user") == before.of(STARTED, impersonator="user") + 1
    assert after.of(ENDED, reason="stopped") == before.of(ENDED, reason="stopped") + 1


async def test_a_refusal_is_counted_by_law_and_rule(signing_desk: Desk, engine: AsyncEngine, scrape: Scraper) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY)
    sam, bob = await acme.person("sam", "support"), await acme.person("bob", "customer")

    with pytest.raises(Refusal):
        await start(signing_desk, sam, bob, reason="short")

    entry = (await audit_of(engine, acme))[-1]
    assert entry.rule == "support-helps-customers"
    assert (await scrape()).of(REFUSED, code=entry.code, rule=entry.rule) >= 1


async def test_what_is_counted_is_what_the_audit_holds(run: Run, engine: AsyncEngine, scrape: Scraper) -> None:
    acme = await make_tenant(engine)
    before = await scrape()

    async def story(work: Work) -> None:
        work.write(started(work, acme), started(work, acme))

    await run(story)

    assert len(await audit_of(engine, acme)) == 2
    assert (await scrape()).of(STARTED) == before.of(STARTED) + 2


async def test_a_story_that_raises_is_counted_by_its_record_alone(
    run: Run, engine: AsyncEngine, scrape: Scraper
) -> None:
    acme = await make_tenant(engine)
    before = await scrape()

    async def story(work: Work) -> None:
        work.write(started(work, acme))
        no = Entry(action=Action.REFUSED, tenant_id=acme.id, code="a-law-of-this-test")
        raise Refusal("No.", record=[recorded(work, no)])

    with pytest.raises(Refusal):
        await run(story)

    after = await scrape()
    assert after.of(STARTED) == before.of(STARTED)
    assert after.of(REFUSED, code="a-law-of-this-test") == before.of(REFUSED, code="a-law-of-this-test") + 1


async def test_a_lost_race_is_not_counted(run: Run, engine: AsyncEngine, scrape: Scraper) -> None:
    acme = await make_tenant(engine)
    before = await scrape()
    runs: list[int] = []

    async def story(work: Work) -> None:
        runs.append(work.run)
        work.write(started(work, acme))
        if len(runs) < 3:
            raise LostRaceError

    await run(story)

    assert (await scrape()).of(STARTED) == before.of(STARTED) + 1


async def test_what_a_transaction_took_back_is_not_counted(desk: Desk, engine: AsyncEngine, scrape: Scraper) -> None:
    acme = await make_tenant(engine)
    before = await scrape()

    async def story(work: Work) -> None:
        work.write(started(work, acme))
        await work.send()
        raise LostRaceError

    with pytest.raises(ConcurrentChangeError):
        await desk.run_in_transaction(story)

    assert (await scrape()).of(STARTED) == before.of(STARTED)


async def test_what_was_only_tried_is_not_counted(desk: Desk, engine: AsyncEngine, scrape: Scraper) -> None:
    acme = await make_tenant(engine)
    before = await scrape()

    async def story(work: Work) -> None:
        async with work.taken_back():
            work.write(started(work, acme))
            await work.send()

    await desk.run_in_transaction(story)

    assert (await scrape()).of(STARTED) == before.of(STARTED)


async def test_only_sessions_that_were_met_are_counted_as_ended(
    signing_desk: Desk, engine: AsyncEngine, scrape: Scraper
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    session = (await start(signing_desk, ana, bob)).live.session
    before = await scrape()

    async def story(work: Work) -> None:
        over = sessions.ending(work, session, reason=sessions.EndReason.REVOKED, client_label="x")
        work.write(*sessions.ended(work, [over], by="tests"))

    await signing_desk.run(story)
    await signing_desk.run(story)

    assert (await scrape()).of(ENDED, reason="revoked") == before.of(ENDED, reason="revoked") + 1


async def test_requests_are_counted_by_template_and_never_by_path(
    http: httpx.AsyncClient, acting_as: ActingAs, engine: AsyncEngine, scrape: Scraper
) -> None:
    ana = await (await make_tenant(engine)).person("ana", "super_admin")
    before = await scrape()
    await acting_as(ana)

    await http.get(f"/api/admin/impersonate/sessions/{uuid7()}")
    await http.get(f"/nowhere/{uuid7()}")
    await http.request("BREW", "/health/live")

    after = await scrape()
    for labels in ({"route": "none", "method": "GET"}, {"method": "other"}):
        assert after.of(LATENCY, **labels, status="4xx") == before.of(LATENCY, **labels, status="4xx") + 1
    assert "/api/admin/impersonate/sessions/{session_id}" in after.labels(LATENCY, "route")


async def test_running_sessions_are_counted_up_to_a_bound(
    signing_desk: Desk, engine: AsyncEngine, clock: Clock
) -> None:
    acme = await make_tenant(engine)
    bob = await acme.person("bob", "customer")
    before = await signing_desk.run(sessions.count_running)

    for name in ("ana", "eva"):
        await start(signing_desk, await acme.person(name, "super_admin"), bob)

    assert await signing_desk.run(sessions.count_running) == before + 2
    assert await signing_desk.run(sessions.count_running, at_most=1) == 1
    clock.forward(hours=25)
    assert await signing_desk.run(sessions.count_running) <= before


async def test_waiting_starts_are_counted(
    http: httpx.AsyncClient, acting_as: ActingAs, engine: AsyncEngine, scrape: Scraper
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await acting_as(ana)
    before = await scrape()

    answers = [await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)}) for _ in range(2)]

    assert answers[-1].status_code == 429
    assert (await scrape()).of("impersonator_rate_limited_total", limit="start") == before.of(
        "impersonator_rate_limited_total", limit="start"
    ) + 1


def test_nobody_fills_the_memory_with_names() -> None:
    registry = CollectorRegistry()
    family = Family(catalogue.REFUSED, registry)

    for number in range(MOST_COMBINATIONS + 100):
        family["law", f"rule {number}"](1)

    assert len(family) == MOST_COMBINATIONS + 1
    assert registry.get_sample_value("impersonator_refusals_total", {"code": "other", "rule": "other"}) == 100


async def test_a_sessions_life_is_counted_until_a_replay_ends_it(
    http: httpx.AsyncClient, engine: AsyncEngine, signing_desk: Desk, clock: Clock, scrape: Scraper
) -> None:
    scene = await make_scene(engine, signing_desk, Doors(http))
    before = await scrape()

    started = await scene.started()
    await scene.handed_over(started)
    await scene.refreshed(started)
    await scene.doors.introspect(started["access_token"], scene.backoffice)
    clock.forward(minutes=1)
    await scene.refreshed(started)
    await scene.doors.introspect(started["access_token"], scene.backoffice)

    after = await scrape()
    grown = {name: after.of(f"impersonator_{name}_total") - before.of(f"impersonator_{name}_total") for name in LIFE}
    assert grown == dict.fromkeys(LIFE, 1) | {"introspections": 2}
    assert after.of(ENDED, reason="refresh_replayed") == before.of(ENDED, reason="refresh_replayed") + 1


async def test_a_token_that_was_verified_before_is_counted_as_a_hit(
    http: httpx.AsyncClient, acting_as: ActingAs, engine: AsyncEngine, scrape: Scraper
) -> None:
    await acting_as(await (await make_tenant(engine)).person("ana", "super_admin"))
    before = await scrape()

    for _ in range(3):
        await http.get("/api/admin/impersonate/sessions")

    after = await scrape()
    grown = {
        outcome: after.of(CACHE, outcome=outcome) - before.of(CACHE, outcome=outcome) for outcome in ("miss", "hit")
    }
    assert grown == {"miss": 1, "hit": 2}
