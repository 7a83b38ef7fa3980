"""Months become partitions, and a month that was missed does not keep the others from it."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from builders import Organisation, audit_of, make_tenant

ENSURED = text("SELECT impersonator_ensure_partitions(:first, :months)")
ENTRY = text(
    "INSERT INTO audit_entries (id, tenant_id, occurred_at, action, request_id)"
    " VALUES (:id, :tenant, :at, 'session.started', 'r') RETURNING tableoid::regclass::text"
)


async def ensured(engine: AsyncEngine, first: datetime, months: int) -> int:
    async with engine.begin() as db:
        made: int = (await db.execute(ENSURED, {"first": first, "months": months})).scalar_one()
    return made


async def entry_at(engine: AsyncEngine, acme: Organisation, at: datetime) -> str:
    """Write an entry of that moment, and say which table it is in."""
    id_ = uuid7(nanoseconds=int(at.timestamp()) * 10**9)
    async with engine.begin() as db:
        table: str = (await db.execute(ENTRY, {"id": id_, "tenant": acme.id, "at": at})).scalar_one()
    return table


async def test_a_month_begins_with_its_first_moment(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)

    assert await ensured(engine, datetime(2041, 3, 17, tzinfo=UTC), 1) == 6

    assert await entry_at(engine, acme, datetime(2041, 3, 31, 23, 59, 59, tzinfo=UTC)) == "audit_entries_y2041m03"
    assert await entry_at(engine, acme, datetime(2041, 4, 1, tzinfo=UTC)) == "audit_entries_y2041m04"


async def test_made_again_nothing_is_made(engine: AsyncEngine) -> None:
    await ensured(engine, datetime(2042, 1, 1, tzinfo=UTC), 2)

    assert await ensured(engine, datetime(2042, 1, 1, tzinfo=UTC), 2) == 0


async def test_a_month_without_a_partition_has_a_place_all_the_same(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)

    assert await entry_at(engine, acme, datetime(2043, 1, 1, tzinfo=UTC)) == "audit_entries_default"
    assert len(await audit_of(engine, acme)) == 1


async def test_a_missed_month_does_not_keep_the_others_from_their_partitions(engine: AsyncEngine) -> None:
    acme = await make_tenant(engine)
    await entry_at(engine, acme, datetime(2044, 1, 15, tzinfo=UTC))

    made = await ensured(engine, datetime(2044, 1, 20, tzinfo=UTC), 1)

    assert made == 5
    assert await entry_at(engine, acme, datetime(2044, 1, 21, tzinfo=UTC)) == "audit_entries_default"
    assert await entry_at(engine, acme, datetime(2044, 2, 1, tzinfo=UTC)) == "audit_entries_y2044m02"


async def test_a_month_is_made_beside_who_reads_the_other_months(engine: AsyncEngine) -> None:
    async with engine.begin() as reading:
        await reading.execute(text("LOCK TABLE ONLY audit_entries IN ACCESS SHARE MODE"))

        assert await ensured(engine, datetime(2045, 1, 1, tzinfo=UTC), 0) == 3


async def test_a_month_that_cannot_be_made_at_once_is_left_for_later(engine: AsyncEngine) -> None:
    async with engine.begin() as reading:
        await reading.execute(text("LOCK TABLE audit_entries_default IN ACCESS SHARE MODE"))

        assert await ensured(engine, datetime(2046, 1, 1, tzinfo=UTC), 0) == 2
    assert await ensured(engine, datetime(2046, 1, 1, tzinfo=UTC), 0) == 1
