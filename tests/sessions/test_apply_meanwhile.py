"""A demotion by `apply` and starts at the same moment: none of them lives on, whoever was first."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Someone, active_sessions, make_tenant, start
from impersonator_api import realm
from impersonator_api.work import Desk


async def apply_roles(desk: Desk, someone: Someone, *roles: str) -> realm.Report:
    user = f"{{external_id: '{someone.external_id}', roles: [{', '.join(roles)}]}}"
    text = f"tenant: {someone.tenant.slug}\nusers: [{user}]\n"
    return await desk.run_in_transaction(realm.apply, realm.read_realm(text.encode()))


async def test_apply_ends_what_a_lost_role_no_longer_allows(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)

    report = await apply_roles(signing_desk, ana, "customer")

    assert await active_sessions(engine, ana) == []
    assert sum(report.tenants[0].ended.values()) == 1


@pytest.mark.parametrize("round_", range(3))
async def test_a_demotion_while_starts_run_leaves_none_alive(
    engine: AsyncEngine, signing_desk: Desk, round_: int
) -> None:
    acme = await make_tenant(engine)
    admins = [await acme.person(f"admin{number}", "super_admin") for number in range(6)]
    bob = await acme.person("bob", "customer")

    async def start_again_and_again(admin: Someone) -> None:
        for _ in range(6):
            await asyncio.gather(start(signing_desk, admin, bob), return_exceptions=True)

    async def demote_all() -> None:
        await asyncio.sleep(0.05 * (round_ + 1))
        for admin in admins:
            await apply_roles(signing_desk, admin, "customer")

    await asyncio.gather(demote_all(), *[start_again_and_again(admin) for admin in admins])

    assert [session for admin in admins for session in await active_sessions(engine, admin)] == []
