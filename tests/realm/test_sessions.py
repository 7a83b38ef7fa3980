from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Someone, active_sessions, make_tenant, start
from impersonator_api import realm
from impersonator_api.realm import Report
from impersonator_api.work import Desk


async def apply(desk: Desk, someone: Someone, text: str, *, dry_run: bool = False) -> Report:
    source = f"tenant: {someone.tenant.slug}\n{text}"
    return await desk.run_in_transaction(realm.apply, realm.read_realm(source.encode()), dry_run=dry_run)


async def test_a_suspended_impersonator_acts_no_longer(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)

    report = await apply(signing_desk, ana, f"users: [{{external_id: {ana.external_id}, status: suspended}}]")

    assert report.tenants[0].ended == {"impersonator_changed": 1}
    assert await active_sessions(engine, ana) == []


async def test_a_promoted_target_is_left_at_once(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)

    report = await apply(signing_desk, ana, f"users: [{{external_id: {bob.external_id}, roles: [super_admin]}}]")

    assert report.tenants[0].ended == {"target_changed": 1}


async def test_a_kill_switch_ends_everything(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)

    report = await apply(signing_desk, ana, "settings: {kill_switch: true}")

    assert report.tenants[0].ended == {"kill_switch": 1}


async def test_a_dry_run_counts_sessions_and_ends_none(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)

    report = await apply(signing_desk, ana, "policy: {version: 1, rules: []}", dry_run=True)

    assert report.tenants[0].ended == {"policy_changed": 1}
    assert len(await active_sessions(engine, ana)) == 1


async def test_a_change_that_takes_nothing_away_ends_nothing(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await start(signing_desk, ana, bob)

    report = await apply(signing_desk, ana, f"users: [{{external_id: {bob.external_id}, display_name: Bobby}}]")

    assert report.tenants[0].ended == {}
    assert len(await active_sessions(engine, ana)) == 1
