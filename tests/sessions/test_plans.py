"""A plan is made once, perhaps while tables are empty, and kept for all values: it must use indexes from the start."""

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from impersonator_api.prepared import prepared
from impersonator_api.questions import Built, Part, alone
from impersonator_api.sessions import Filters, SessionStatus, store
from impersonator_api.statement import as_one_statement
from impersonator_api.tokens import refresh_token_json, refresh_token_used

SOMEBODY = UUID(int=1)
NOW = datetime(2026, 11, 21, tzinfo=UTC)

NAMES = {"target": "bob", "client": "spa", "workspace": "emea"}

QUESTIONS: dict[str, Part[Any]] = {
    "start": store.before_start(SOMEBODY, SOMEBODY, NAMES),
    "start again": store.before_start(SOMEBODY, SOMEBODY, NAMES, is_known=True),
    "start on known ground": store.before_start(SOMEBODY, SOMEBODY, NAMES, is_known=True, is_ground_known=True),
    "use": store.live_one(SOMEBODY),
    "use again": store.live_one(SOMEBODY, is_known=True),
    "refresh": alone(refresh_token_json(SOMEBODY)),
    "rotate": as_one_statement([refresh_token_used(SOMEBODY, successor_id=SOMEBODY, now=NOW)]),
    "running": store.running(SOMEBODY, NOW),
    "show": store.listed_one(SOMEBODY, SOMEBODY),
    "sweep": store.overdue(NOW, 200),
    "decide again": Part(Built(partial(store.active_live, SOMEBODY, after=SOMEBODY, limit=200), ()), ()),
    "count": store.running_count(NOW, 100),
}
PAGES = {
    "all": Filters(),
    "running": Filters(status=SessionStatus.ACTIVE),
    "over": Filters(status=SessionStatus.ENDED),
    "impersonator": Filters(impersonator="ana"),
    "target": Filters(target="bob"),
    "search": Filters(q="ana@"),
    "span": Filters(started_from=NOW, started_to=NOW),
}


async def plan_of(engine: AsyncEngine, question: Part[Any]) -> str:
    """What PostgreSQL would do, whatever the values are, on one of the service's own connections."""
    asked = prepared(question.built.make(), engine.dialect, given=question.built.names)
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute(f"PREPARE asked AS {asked.sql}")
        # The plan that is kept knows none of the values.
        nothing = ", ".join("NULL" for _ in asked.arguments(question.values))
        rows = await driver.fetch(f"EXPLAIN EXECUTE asked({nothing})")
        await driver.execute("DEALLOCATE asked")
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_question_reads_no_table_through(engine: AsyncEngine, name: str) -> None:
    plan = await plan_of(engine, QUESTIONS[name])

    assert not any(reads_all in plan for reads_all in ("Seq Scan", "Hash Join", "Merge Join"))


@pytest.mark.parametrize("name", ["running", "sweep", "decide again"])
async def test_an_active_session_is_looked_up_by_its_key(engine: AsyncEngine, name: str) -> None:
    plan = await plan_of(engine, QUESTIONS[name])

    looked_at = re.findall(r"on impersonation_sessions_\w+ .*\n *Index Cond: (.*)", plan)
    assert len(looked_at) == len(re.findall(r"on impersonation_sessions_", plan))
    assert all(condition.startswith("(id = ") for condition in looked_at)


@pytest.mark.parametrize("filters", PAGES.values(), ids=PAGES)
async def test_a_page_reads_no_table_through(engine: AsyncEngine, filters: Filters) -> None:
    plan = await plan_of(engine, store.page(SOMEBODY, filters, own_of=None, limit=51, before=SOMEBODY, now=NOW))

    assert "Seq Scan" not in plan


async def test_nothing_is_sorted(engine: AsyncEngine) -> None:
    plan = await plan_of(engine, store.page(SOMEBODY, Filters(), own_of=None, limit=51, before=None, now=NOW))

    assert "Sort  " not in plan
    assert "Index Scan Backward" in plan


async def test_a_search_goes_the_way_of_the_indexes_beginnings(engine: AsyncEngine) -> None:
    plan = await plan_of(engine, store.page(SOMEBODY, Filters(q="a"), own_of=None, limit=51, before=None, now=NOW))

    assert "(lower(impersonator_email) ~>=~" in plan
    assert "(lower(target_email) ~>=~" in plan
    assert plan.count("One-Time Filter") >= 1
