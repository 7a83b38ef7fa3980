from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, literal, select

from impersonator_api.directory.tables import tenants
from impersonator_api.errors import ConcurrentChangeError
from impersonator_api.policy import (
    BUILT_IN,
    PolicyDocument,
    current_document,
    document_from_json,
    document_in_force,
    inserted,
)
from impersonator_api.policy.errors import UnreadablePolicyError
from impersonator_api.policy.tables import policies
from impersonator_api.statement import Write
from impersonator_api.work import Desk, Work
from policy.asks import document, written


@pytest.fixture
async def tenant_id(desk: Desk) -> UUID:
    """A tenant that has written no policy."""

    async def founded(work: Work) -> UUID:
        own_id = work.new_id()
        row = {"id": own_id, "slug": f"acme-{own_id}", "name": "Acme", "created_at": work.now}
        work.write(Write("tenant", lambda: insert(tenants).values(row).returning(tenants.c.id).cte()))
        return own_id

    return await desk.run(founded)


async def written_down(work: Work, tenant_id: UUID, version: int, wanted: PolicyDocument) -> None:
    work.write(inserted(tenant_id, version, wanted, created_by="ana@acme.test", now=work.now))


async def snapshot(work: Work, tenant_id: UUID) -> Any:
    found = await work.read(
        select(tenants.c.slug, current_document(tenants.c.id).label("policy")).where(tenants.c.id == tenant_id)
    )
    return found.one()["policy"]


async def test_without_a_document_of_its_own_the_built_in_one_holds(desk: Desk, tenant_id: UUID) -> None:
    assert document_in_force(await desk.run(snapshot, tenant_id)) == (BUILT_IN, 0)


async def test_the_highest_version_is_in_force(desk: Desk, tenant_id: UUID) -> None:
    older, newer = document(), document(written(name="newer"))

    await desk.run(written_down, tenant_id, 2, newer)
    await desk.run(written_down, tenant_id, 1, older)

    assert document_in_force(await desk.run(snapshot, tenant_id)) == (newer, 2)


async def test_a_snapshot_of_the_tenant_brings_its_policy_along(desk: Desk, tenant_id: UUID) -> None:
    wanted = document(written(permissions=["ticket.read"], require={"ticket": {"pattern": "Ü-\\d+"}}))

    await desk.run(written_down, tenant_id, 1, wanted)

    assert document_in_force(await desk.run(snapshot, tenant_id)) == (wanted, 1)


async def test_another_tenants_document_does_not_count(desk: Desk, tenant_id: UUID) -> None:
    await desk.run(written_down, tenant_id, 1, document())

    async def stranger(work: Work) -> object:
        return (await work.read(select(current_document(literal(work.new_id()))))).scalar_one()

    assert await desk.run(stranger) is None


async def test_a_version_is_written_once(desk: Desk, tenant_id: UUID) -> None:
    await desk.run(written_down, tenant_id, 1, document())

    with pytest.raises(ConcurrentChangeError):
        await desk.run(written_down, tenant_id, 1, document(written(name="other")))

    assert document_in_force(await desk.run(snapshot, tenant_id)) == (document(), 1)


async def test_who_wrote_a_version_and_when_is_kept(desk: Desk, tenant_id: UUID) -> None:
    await desk.run(written_down, tenant_id, 1, document())

    async def kept(work: Work) -> tuple[str, bool]:
        row = (await work.read(select(policies).where(policies.c.tenant_id == tenant_id))).one()
        return row["created_by"], row["created_at"] == work.now

    assert await desk.run(kept) == ("ana@acme.test", True)


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "rules": []}', "[" * 100_000])
def test_a_document_of_another_release_stops_everything(text: str) -> None:
    with pytest.raises(UnreadablePolicyError):
        document_from_json(text)


def test_the_same_text_is_read_once() -> None:
    text = '{"version":1,"rules":[]}'

    assert document_from_json(text) is document_from_json(str(text.encode(), "utf-8"))
