"""Active sessions lie apart: what runs is found there, with or without a slot, and an end changes no index."""

from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, Someone, ender_for, make_tenant, session_row, start
from conftest import ActingAs, Clock
from impersonator_api import sessions
from impersonator_api.sessions import Ender, store
from impersonator_api.sessions.tables import active_sessions, impersonation_sessions
from impersonator_api.work import Desk, Work

CHANGED = "status end_reason ended_at ended_by revision permissions rights rule policy_version"
"""What an end writes, and a decision that is made again."""

INDEXED = """
SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indexrelid
 WHERE indrelid = 'impersonation_sessions'::regclass
UNION SELECT pg_get_expr(indpred, indrelid) FROM pg_index
       WHERE indrelid = 'impersonation_sessions'::regclass AND indpred IS NOT NULL
"""

ROOM = """
SELECT relname FROM pg_class, unnest(ARRAY['impersonation_sessions', 'refresh_tokens']) AS parent,
       pg_partition_tree(parent::regclass) AS part
 WHERE oid = relid AND isleaf AND NOT coalesce(reloptions @> ARRAY['fillfactor=90'], false)
"""

HOT = """
SELECT sum(pg_stat_get_xact_tuples_hot_updated(relid))::int AS hot,
       sum(pg_stat_get_xact_tuples_updated(relid))::int AS total
  FROM pg_partition_tree('impersonation_sessions') WHERE isleaf
"""


async def robots_session(engine: AsyncEngine, http: AsyncClient) -> tuple[Organisation, Someone, dict[str, str]]:
    """One of a service, which may have any number of them and holds no slot."""
    acme = await make_tenant(engine)
    bob = await acme.person("bob", "customer")
    robot = await acme.client(
        "robot", scopes=["impersonation"], kind="service", rank=40, permissions=["impersonation.start"]
    )
    rule = {"name": "robots", "impersonators": {"clients": [robot]}, "modes": ["full"]}
    await acme.policy({"version": 1, "rules": [rule]})
    form = {"grant_type": "client_credentials"}
    token = (await http.post("/oauth2/v1/token", data=form, auth=(robot, SECRET))).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)}, headers=headers)
    return acme, bob, answer.raise_for_status().json()


async def slots_of(engine: AsyncEngine, tenant: Organisation) -> list[int | None]:
    async with engine.connect() as db:
        question = select(active_sessions.c.slot).where(active_sessions.c.tenant_id == tenant.id)
        return list((await db.execute(question)).scalars())


async def test_a_session_without_a_slot_is_among_the_active_ones(engine: AsyncEngine, http: AsyncClient) -> None:
    acme, _, _ = await robots_session(engine, http)

    assert await slots_of(engine, acme) == [None]


async def test_a_session_without_a_slot_is_swept_when_its_time_is_over(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk, clock: Clock
) -> None:
    acme, _, started = await robots_session(engine, http)
    clock.forward(days=2)

    await signing_desk.run(sessions.expire_overdue)

    assert (await session_row(engine, UUID(started["session_id"]))).end_reason == "expired"
    assert await slots_of(engine, acme) == []


async def test_a_session_without_a_slot_is_ended_by_its_id(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    acme, bob, started = await robots_session(engine, http)
    row = await session_row(engine, UUID(started["session_id"]))
    ender = Ender(tenant_id=acme.id, id=bob.id, label="bob", may_end_any=True)

    await signing_desk.run(sessions.end, ender=ender, session_id=row.id)

    assert await slots_of(engine, acme) == []


@pytest.mark.parametrize("by", ["nothing", "impersonator", "target", "client", "q", "ticket", "from", "to"])
async def test_running_sessions_are_found_by_whatever_is_asked(
    engine: AsyncEngine, signing_desk: Desk, acting_as: ActingAs, by: str
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    ended = (await start(signing_desk, ana, bob, ticket="SUP-1")).live.session.id
    running = (await start(signing_desk, ana, bob, ticket="SUP-1")).live.session
    http = await acting_as(ana)
    span = {"from": "2000-01-01T00:00:00Z", "to": "2999-01-01T00:00:00Z"}
    asked = {
        "nothing": {},
        "impersonator": {"impersonator": str(ana.id)},
        "target": {"target": str(bob.id)},
        "client": {"client": f"impersonator:{acme.slug}"},
        "q": {"q": "bob@"},
        "ticket": {"q": "SUP-1"},
    } | {name: {name: moment} for name, moment in span.items()}

    answer = (await http.get("/api/admin/impersonate/sessions", params={"status": "active", **asked[by]})).json()

    assert [row["id"] for row in answer["sessions"]] == [str(running.id)] != [str(ended)]
    assert answer["total_count"] == 1


async def test_no_index_of_the_sessions_holds_what_an_end_changes(engine: AsyncEngine) -> None:
    async with engine.connect() as db:
        indexed = " ".join((await db.execute(text(INDEXED))).scalars())

    assert "tenant_id" in indexed
    assert not {name for name in CHANGED.split() if name in indexed.replace("(", " ").split()}


async def test_every_month_leaves_room_for_what_changes(engine: AsyncEngine) -> None:
    async with engine.begin() as db:
        await db.execute(text("SELECT impersonator_ensure_partitions('2043-03-01T00:00:00Z', 0)"))
        full = list((await db.execute(text(ROOM))).scalars())

    assert full == []


async def ended_and_counted(work: Work, someone: Someone) -> tuple[int, int]:
    """How many updates an end takes, and how many of them stay on their page; before the transaction is over."""
    before = (await work.read(text(HOT))).one()
    running = (await work.read(store.running(someone.id, work.now))).scalar_one()
    await sessions.end(work, ender=ender_for(someone, running=running))
    await work.send()
    after = (await work.read(text(HOT))).one()
    return after["total"] - before["total"], after["hot"] - before["hot"]


async def test_an_end_writes_its_row_and_no_index(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)

    total, hot = await signing_desk.run_in_transaction(ended_and_counted, ana)

    assert (total, hot) == (1, 1)


@pytest.mark.parametrize("column", ["impersonator_kind", "mode", "rights", "status"])
async def test_a_word_that_nobody_knows_is_refused_by_the_database(
    engine: AsyncEngine, signing_desk: Desk, column: str
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    session_id = (await start(signing_desk, ana, bob)).live.session.id
    wrong = update(impersonation_sessions).where(impersonation_sessions.c.id == session_id).values({column: "unheard"})

    with pytest.raises(DBAPIError, match="violates check constraint"):
        async with engine.begin() as db:
            await db.execute(wrong)
