"""Whoever was known a moment ago has lost what an administrator has just taken, in every way that it can be taken."""

from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import Doors
from builders import Organisation, Someone, ordinary_token
from impersonator_api import realm
from impersonator_api.directory.tables import tenants, users
from impersonator_api.work import Desk

LEAD = """
roles: [{name: lead, rank: 70, permissions: [impersonation.start]}]
users: [{external_id: ana, email: ana@acme.test, roles: [lead]}]
"""
LEAD_OF_A_TEAM = """
roles: [{name: lead, rank: 70, permissions: [impersonation.start]}]
users: [{external_id: ana, email: ana@acme.test, roles: [{role: lead, workspace: team}]}]
workspaces: [{slug: team}]
"""
MEMBER = """
users: [{external_id: ana, email: ana@acme.test}]
workspaces: [{slug: team, members: [{user: ana, permissions: [impersonation.start]}]}]
"""
LOST = {
    "the account": (LEAD, "users: [{external_id: ana, status: suspended}]"),
    "the account, by being left out": (LEAD, "users: []"),
    "the role": (LEAD, "users: [{external_id: ana, roles: []}]"),
    "the role's permissions": (LEAD, "roles: [{name: lead, permissions: []}]"),
    "the role in a workspace": (LEAD_OF_A_TEAM, "users: [{external_id: ana, roles: []}]"),
    "the membership": (MEMBER, "workspaces: [{slug: team, members: []}]"),
    "the organisation": (LEAD, "status: suspended"),
}


async def apply(desk: Desk, tenant: str, text: str) -> None:
    documents = realm.read_realm(f"tenant: {tenant}\n{text}".encode())
    await desk.run_in_transaction(realm.apply, documents, prune=True)


async def token_of_ana(engine: AsyncEngine, desk: Desk, tenant: str) -> str:
    """A token of the tenant's only user."""
    named = select(users.c.id, users.c.tenant_id).join(tenants, tenants.c.id == users.c.tenant_id)
    async with engine.connect() as db:
        person_id, tenant_id = (await db.execute(named.where(tenants.c.slug == tenant))).one()
    return await ordinary_token(
        desk, Someone(person_id, "ana", "ana@acme.test", Organisation(engine, tenant_id, tenant))
    )


@pytest.mark.parametrize("lost", LOST)
async def test_what_is_taken_from_a_known_caller_is_gone_at_once(
    doors: Doors, engine: AsyncEngine, signing_desk: Desk, lost: str
) -> None:
    (before, change), tenant = LOST[lost], f"t{uuid4().hex[:10]}"
    await apply(signing_desk, tenant, before)
    token = await token_of_ana(engine, signing_desk, tenant)
    (await doors.list(token)).raise_for_status()
    (await doors.list(token)).raise_for_status()

    await apply(signing_desk, tenant, change)

    assert (await doors.list(token)).status_code == 403
