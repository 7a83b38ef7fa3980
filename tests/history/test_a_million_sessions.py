"""At a million sessions in six months, a statement looks at the months that it must, and reads what it answers.

PostgreSQL itself says what it looked at, for the statements that the service sends, as it sends them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from uuid_utils.compat import uuid7

from builders import Organisation, ender_for, start
from conftest import _clone
from history.million import fill, past_months
from impersonator_api import sessions, tokens
from impersonator_api.database import build_engine
from impersonator_api.history import Month
from impersonator_api.questions import NOTHING_ELSE, with_parts
from impersonator_api.sessions import Filters, SessionStatus, store
from impersonator_api.settings import Settings
from impersonator_api.work import Desk, Origin, Services, Work, utc_now

pytestmark = pytest.mark.slow

PAGE = 50
COUNTED = store.COUNTED_AT_MOST + 1
OF_EACH_MONTH = 2
"""Rows of a month that a list looks at before it knows that another month has newer ones."""

LOOKED_AT = text(r"""
SELECT relname AS name, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) AS scans,
       coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS rows
  FROM pg_stat_xact_user_tables
 WHERE relname ~ '_y\d{4}m\d{2}$'
""")

SOME = text("SELECT id FROM impersonation_sessions WHERE id >= :first ORDER BY id LIMIT 1")

Looked = Mapping[str, int]
Look = Callable[[Callable[[Work], Awaitable[object]]], Awaitable[Looked]]


@pytest.fixture(scope="module")
async def million_url(owner_url: str, template: str) -> AsyncIterator[str]:
    """A database of this module's own."""
    async for url in _clone(owner_url, template):
        yield url


@pytest.fixture(scope="module")
async def acme(million_url: str) -> Organisation:
    """Whose sessions they are."""
    engine = create_async_engine(million_url)
    organisation = await fill(engine)
    await engine.dispose()
    return organisation


@pytest.fixture
async def past_desk(million_url: str, acme: Organisation, services: Services) -> AsyncIterator[Desk]:
    """Where stories run on that database, as the service."""
    assert acme.client_ids
    settings = Settings()
    engine = build_engine(million_url, settings)
    yield Desk(engine=engine, settings=settings, services=services, clock=utc_now, origin=Origin(request_id="million"))
    await engine.dispose()


@pytest.fixture
def look(past_desk: Desk) -> Look:
    """Which months a story looks at, and how many rows of each it reads."""

    async def looked(story: Callable[[Work], Awaitable[object]]) -> Looked:
        async def watched(work: Work) -> Looked:
            before = await looked_at(work)
            await story(work)
            await work.send()
            after = await looked_at(work)
            return {name: after[name][1] - rows for name, (scans, rows) in before.items() if after[name][0] > scans}

        return await past_desk.run_in_transaction(watched)

    return looked


async def session_of(desk: Desk, month: Month) -> UUID:
    async def asked(work: Work) -> Any:
        return (await work.read(SOME.bindparams(first=month.first_id))).scalar_one()

    return UUID(str(await desk.run(asked)))


async def looked_at(work: Work) -> Mapping[str, tuple[int, int]]:
    """How often each month was looked at by this connection, and how many rows it read there."""
    return {str(row["name"]): (int(row["scans"]), int(row["rows"])) for row in await work.read(LOOKED_AT)}


def of_sessions(looked: Looked) -> set[str]:
    return {name for name in looked if name.startswith("impersonation_sessions")}


@pytest.mark.parametrize("month", past_months(), ids=str)
async def test_a_session_is_found_in_its_month_alone(past_desk: Desk, look: Look, month: Month) -> None:
    session_id = await session_of(past_desk, month)

    looked = await look(lambda work: work.read(store.live_one(session_id)))

    assert looked == {month.partition_of("impersonation_sessions"): 1}


async def test_a_refresh_looks_at_the_months_of_its_session_and_its_token(past_desk: Desk, look: Look) -> None:
    month = past_months()[3]
    session_id, jti = await session_of(past_desk, month), uuid7()
    also = {"live": store.live_document(session_id), "refresh": tokens.refresh_token_json(jti)}

    looked = await look(lambda work: work.read(with_parts(NOTHING_ELSE, also)))

    present = Month.of(utc_now())
    assert set(looked) == {month.partition_of("impersonation_sessions"), present.partition_of("refresh_tokens")}


async def test_a_start_and_an_end_look_at_the_present_month_alone(
    past_desk: Desk, look: Look, acme: Organisation, million_url: str
) -> None:
    acme.engine = create_async_engine(million_url)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await acme.engine.dispose()
    started = await start(past_desk, ana, bob)
    session_id = started.live.session.id

    looked = await look(lambda work: sessions.end(work, ender=ender_for(ana), session_id=session_id))

    assert of_sessions(looked) == {Month.of(utc_now()).partition_of("impersonation_sessions")}


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(status=SessionStatus.ACTIVE),
        Filters(status=SessionStatus.ENDED),
        Filters(impersonator="crowd-7"),
        Filters(target="crowd-107"),
        Filters(target="crowd-7"),
        Filters(q="SUP-none"),
    ],
    ids=lambda filters: ",".join(
        f"{name}={getattr(filters, name)}" for name in ("status", "impersonator", "target", "q")
    ),
)
async def test_a_list_reads_no_more_than_it_shows_and_counts(look: Look, acme: Organisation, filters: Filters) -> None:
    looked = await look(lambda work: work.read(page_of(acme, filters, work)))

    assert sum(looked.values()) <= PAGE + COUNTED + OF_EACH_MONTH * len(past_months())


async def test_a_list_of_some_days_looks_at_their_months_alone(look: Look, acme: Organisation) -> None:
    first, second = past_months()[1:3]
    filters = Filters(started_from=first.first_at, started_to=second.later(1).first_at)

    looked = await look(lambda work: work.read(page_of(acme, filters, work)))

    assert of_sessions(looked) == {each.partition_of("impersonation_sessions") for each in (first, second)}


def page_of(acme: Organisation, filters: Filters, work: Work) -> Any:
    return store.page(acme.id, filters, own_of=None, limit=PAGE, before=None, now=work.now)
