"""Lists of sessions: pages that neither skip nor repeat, true totals, and filters that are never ignored."""

from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SUPPORT_POLICY, Organisation, Someone, make_tenant, start
from conftest import ActingAs, Clock
from impersonator_api.work import Desk

PATH = "/api/admin/impersonate/sessions"


async def seven_sessions(engine: AsyncEngine, desk: Desk, clock: Clock) -> tuple[Organisation, Someone, list[str]]:
    """Seven sessions a minute apart, newest first; all but the newest replaced."""
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    ids = []
    for number in range(7):
        clock.forward(minutes=1)
        ids.append(str((await start(desk, ana, bob, ticket=f"SUP-{number}")).live.session.id))
    return acme, ana, ids[::-1]


async def ids_of(http: AsyncClient, **query: Any) -> list[str]:
    answer = (await http.get(PATH, params=query)).raise_for_status().json()
    return [session["id"] for session in answer["sessions"]]


async def test_pages_neither_skip_nor_repeat(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock, acting_as: ActingAs
) -> None:
    _, ana, ids = await seven_sessions(engine, signing_desk, clock)
    http = await acting_as(ana)

    seen, url = [], f"{PATH}?limit=3"
    while url:
        page = (await http.get(url)).raise_for_status()
        seen += [session["id"] for session in page.json()["sessions"]]
        assert page.json()["total_count"] == 7
        url = page.links["next"]["url"] if "next" in page.links else ""

    assert seen == ids


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "active"}, [0]),
        ({"status": "ended"}, [1, 2, 3, 4, 5, 6]),
        ({"q": "SUP-3"}, [3]),
        ({"q": "BOB@"}, [0, 1, 2, 3, 4, 5, 6]),
        ({"q": "nobody@"}, []),
    ],
)
async def test_filters_find_what_they_say(
    engine: AsyncEngine,
    signing_desk: Desk,
    clock: Clock,
    acting_as: ActingAs,
    query: dict[str, str],
    expected: list[int],
) -> None:
    _, ana, ids = await seven_sessions(engine, signing_desk, clock)
    http = await acting_as(ana)

    assert await ids_of(http, **query) == [ids[place] for place in expected]


async def test_a_span_of_time_finds_what_started_in_it(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock, acting_as: ActingAs
) -> None:
    began = clock()
    _, ana, ids = await seven_sessions(engine, signing_desk, clock)
    http = await acting_as(ana)

    span = {"from": began.replace(microsecond=0).isoformat(), "to": clock().isoformat()}

    assert await ids_of(http, **span) == ids[1:]


@pytest.mark.parametrize(
    "query",
    [
        {"user": "bob"},
        {"status": "open"},
        {"limit": "0"},
        {"limit": "201"},
        {"from": "yesterday"},
        {"from": "0"},
        {"target": "4711"},
    ],
)
async def test_an_unknown_filter_or_value_is_refused(
    engine: AsyncEngine, acting_as: ActingAs, query: dict[str, str]
) -> None:
    acme = await make_tenant(engine)
    http = await acting_as(await acme.person("ana", "super_admin"))

    answer = await http.get(PATH, params=query)

    assert answer.status_code == 422


async def test_a_repeated_filter_is_refused(engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme = await make_tenant(engine)
    http = await acting_as(await acme.person("ana", "super_admin"))

    answer = await http.get(f"{PATH}?status=active&status=ended")

    assert (answer.status_code, answer.json()["code"]) == (422, "repeated-parameter")


async def test_a_cursor_of_other_filters_is_refused(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock, acting_as: ActingAs
) -> None:
    _, ana, _ = await seven_sessions(engine, signing_desk, clock)
    http = await acting_as(ana)
    url = (await http.get(f"{PATH}?limit=3")).links["next"]["url"]

    answer = await http.get(f"{url}&status=ended")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-cursor")


async def test_who_only_starts_sees_only_his_own(engine: AsyncEngine, signing_desk: Desk, acting_as: ActingAs) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY)
    ana, sam = await acme.person("ana", "super_admin"), await acme.person("sam", "support")
    bob = await acme.person("bob", "customer")
    foreign = (await start(signing_desk, ana, bob)).live.session.id
    own = (await start(signing_desk, sam, bob)).live.session.id
    http = await acting_as(sam)

    listed = await ids_of(http)
    shown = await http.get(f"{PATH}/{own}")
    hidden = await http.get(f"{PATH}/{foreign}")

    assert listed == [str(own)]
    assert shown.json()["id"] == str(own)
    assert (hidden.status_code, hidden.json()["code"]) == (403, "not-your-session")


async def test_an_overdue_session_is_shown_as_expired_before_anybody_wrote_it_down(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock, acting_as: ActingAs
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    session_id = (await start(signing_desk, ana, bob)).live.session.id
    clock.forward(minutes=31)
    http = await acting_as(ana)

    shown = (await http.get(f"{PATH}/{session_id}")).raise_for_status().json()

    assert (shown["is_active"], shown["status"], shown["end_reason"]) == (False, "ended", "expired")
    assert shown["duration_seconds"] == 1800
    assert await ids_of(http, status="active") == []


@pytest.mark.parametrize("minutes", [1, 31], ids=["running", "overdue"])
async def test_a_list_says_of_each_session_what_is_said_of_it_alone(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock, acting_as: ActingAs, minutes: int
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    wish: dict[str, Any] = {"metadata": {"from": "panel"}, "permissions": frozenset[str](), "ticket": "SUP-1"}
    for _ in range(2):
        await start(signing_desk, ana, bob, **wish)
    clock.forward(minutes=minutes, microseconds=1)
    http = await acting_as(ana)

    listed = (await http.get(PATH)).raise_for_status().json()["sessions"]
    alone = [(await http.get(f"{PATH}/{row['id']}")).raise_for_status().json() for row in listed]

    assert listed == alone
    assert {row["end_reason"] for row in listed} == {"replaced", None if minutes == 1 else "expired"}
