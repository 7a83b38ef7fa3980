"""Applying realm files of a test's own tenant."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from impersonator_api import realm
from impersonator_api.directory.tables import tenants, users
from impersonator_api.realm import FieldChange, InvalidRealmError, TenantReport
from impersonator_api.work import Desk

Applied = Callable[..., Awaitable[TenantReport]]
Stored = Callable[[Table], Awaitable[Sequence[dict[str, Any]]]]


@pytest.fixture
def slug() -> str:
    """A tenant nobody else has."""
    return f"t{uuid4().hex[:10]}"


@pytest.fixture
def applied(desk: Desk, slug: str) -> Applied:
    """Apply the YAML of the test's tenant, written without its `tenant:`; `SLUG` in it is the tenant's."""

    async def apply(text: str, **options: Any) -> TenantReport:
        source = f"tenant: {slug}\n{text.replace('SLUG', slug)}"
        documents = realm.read_realm(source.encode())
        return (await desk.run_in_transaction(realm.apply, documents, **options)).tenants[0]

    return apply


@pytest.fixture
def stored(engine: AsyncEngine, slug: str) -> Stored:
    """What a table holds of the test's tenant."""

    async def stored(table: Table) -> Sequence[dict[str, Any]]:
        question = select(table).order_by(*list(table.c)[:2])
        if "user_id" in table.c:
            question = question.join(users, table.c.user_id == users.c.id).join(
                tenants, users.c.tenant_id == tenants.c.id
            )
        elif table is not tenants:
            question = question.join(tenants, table.c.tenant_id == tenants.c.id)
        async with engine.connect() as db:
            return [dict(row) for row in (await db.execute(question.where(tenants.c.slug == slug))).mappings()]

    return stored


async def faults_when(applied: Applied, text: str, **options: Any) -> list[str]:
    """What is wrong with a realm, once the database is asked."""
    with pytest.raises(InvalidRealmError) as caught:
        await applied(text, **options)
    return [str(fault) for fault in caught.value.faults]


def changes_of(report: TenantReport, kind: str, name: str) -> dict[str, tuple[Any, Any]]:
    """The fields of one thing that changed: name → old and new."""
    found: Sequence[FieldChange] = next(
        each.fields for each in report.changed if (each.kind, each.name) == (kind, name)
    )
    return {each.name: (each.old, each.new) for each in found}
