"""An admin loses the role while acting: every door notices, and the record says why."""

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import audit_of, make_tenant, session_row
from conftest import ActingAs
from impersonator_api.directory.tables import tenants, user_roles


async def test_an_admin_loses_the_role_while_acting(engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    http = await acting_as(ana)
    wish = {"target_user_id": str(bob.id), "reason": "Looking into an invoice"}
    started = (await http.post("/api/admin/impersonate", json=wish)).raise_for_status().json()

    async with engine.begin() as db:
        await db.execute(update(tenants).where(tenants.c.id == acme.id).values(revision=tenants.c.revision + 1))
        await db.execute(delete(user_roles).where(user_roles.c.user_id == ana.id))

    bearer = {"Authorization": f"Bearer {started['access_token']}"}
    assert (await http.get("/oauth2/v1/userinfo", headers=bearer)).status_code == 401
    assert (await http.post("/api/admin/impersonate", json=wish)).json()["code"] == "impersonation-not-permitted"
    assert (await session_row(engine, started["session_id"])).end_reason == "impersonator_changed"
    codes = {entry.code for entry in await audit_of(engine, acme)}
    assert codes == {None, "impersonator_changed", "impersonation-not-permitted"}
