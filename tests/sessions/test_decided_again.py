"""What was allowed is asked again whenever the directory or the policy changed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SUPPORT_POLICY, Organisation, Someone, audit_of, make_tenant, session_row, start, starter_for
from conftest import Clock
from impersonator_api import sessions
from impersonator_api.directory.tables import clients, consents, tenants, user_roles, users
from impersonator_api.sessions import SessionNotRunningError, Wish
from impersonator_api.work import Desk


async def raise_revision(engine: AsyncEngine, acme: Organisation) -> None:
    async with engine.begin() as db:
        await db.execute(update(tenants).where(tenants.c.id == acme.id).values(revision=tenants.c.revision + 1))


async def demote(acme: Organisation, someone: Someone) -> None:
    async with acme.engine.begin() as db:
        await db.execute(delete(user_roles).where(user_roles.c.user_id == someone.id))


async def promote(acme: Organisation, someone: Someone) -> None:
    async with acme.engine.begin() as db:
        row = {"user_id": someone.id, "role_id": await acme.role("super_admin")}
        await db.execute(user_roles.insert().values(row))


async def set_up(engine: AsyncEngine) -> tuple[Organisation, Someone, Someone, str]:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    wallet = await acme.client("wallet", consent_required=True)
    await acme.consent(bob, wallet, ["offline_access", "profile"])
    return acme, ana, bob, wallet


async def cause(acme: Organisation, ana: Someone, bob: Someone, wallet: str, reason: str) -> None:
    match reason:
        case "impersonator_changed":
            await demote(acme, ana)
        case "target_changed":
            await promote(acme, bob)
        case "target_suspended":
            await acme.change(users, users.c.id == bob.id, status="suspended")
        case "client_changed":
            await acme.change(clients, clients.c.client_id == wallet, status="suspended")
        case "consent_withdrawn":
            await acme.change(consents, consents.c.user_id == bob.id, scopes=["profile"])
        case "policy_changed":
            await acme.policy({"version": 1, "rules": [SUPPORT_POLICY["rules"][1]]})
        case _:
            setting = "kill_switch" if reason == "kill_switch" else "opt_out"
            await acme.change(tenants, tenants.c.id == acme.id, settings={setting: True})
    await raise_revision(acme.engine, acme)


def asking_for(**step_up: Any) -> dict[str, Any]:
    return {"version": 1, "rules": [{**SUPPORT_POLICY["rules"][0], "require": {"step_up": step_up}}]}


async def start_after(desk: Desk, ana: Someone, bob: Someone, **login: Any) -> UUID:
    starter = replace(starter_for(ana), login=login)
    return (await desk.run(sessions.start, starter=starter, wish=Wish(target=str(bob.id)))).live.session.id


CAUSES = [
    ("impersonator_changed", "impersonator_changed"),
    ("target_changed", "target_changed"),
    ("target_suspended", "target_changed"),
    ("client_changed", "client_changed"),
    ("consent_withdrawn", "consent_withdrawn"),
    ("policy_changed", "policy_changed"),
    ("kill_switch", "kill_switch"),
    ("tenant_opt_out", "tenant_opt_out"),
]


@pytest.mark.parametrize(("change", "reason"), CAUSES)
async def test_a_use_after_a_change_that_forbids_it_ends_the_session(
    engine: AsyncEngine, signing_desk: Desk, change: str, reason: str
) -> None:
    acme, ana, bob, wallet = await set_up(engine)
    session_id = (await start(signing_desk, ana, bob, client=wallet)).live.session.id
    await cause(acme, ana, bob, wallet, change)

    with pytest.raises(SessionNotRunningError):
        await signing_desk.run(sessions.load_live, session_id)

    row = await session_row(engine, session_id)
    assert (row.status, row.end_reason) == ("ended", reason)
    assert reason in [entry.code for entry in await audit_of(engine, acme)]


@pytest.mark.parametrize(("change", "reason"), CAUSES)
async def test_whoever_changes_something_ends_what_it_forbids_at_once(
    engine: AsyncEngine, signing_desk: Desk, change: str, reason: str
) -> None:
    acme, ana, bob, wallet = await set_up(engine)
    session_id = (await start(signing_desk, ana, bob, client=wallet)).live.session.id
    await cause(acme, ana, bob, wallet, change)

    ended = await signing_desk.run_in_transaction(sessions.end_disallowed, acme.id)

    assert dict(ended) == {reason: 1}
    assert (await session_row(engine, session_id)).end_reason == reason


async def test_a_consent_that_was_cut_short_and_runs_out_ends_the_session(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock
) -> None:
    _, ana, bob, wallet = await set_up(engine)
    session_id = (await start(signing_desk, ana, bob, client=wallet)).live.session.id
    async with engine.begin() as db:
        until = clock() + timedelta(minutes=5)
        await db.execute(update(consents).where(consents.c.user_id == bob.id).values(expires_at=until))
    clock.forward(minutes=6)

    with pytest.raises(SessionNotRunningError):
        await signing_desk.run(sessions.load_live, session_id)

    assert (await session_row(engine, session_id)).end_reason == "consent_withdrawn"


async def test_a_change_that_forbids_nothing_leaves_the_session_under_the_new_revision(
    engine: AsyncEngine, signing_desk: Desk
) -> None:
    acme, ana, bob, wallet = await set_up(engine)
    session_id = (await start(signing_desk, ana, bob, client=wallet)).live.session.id
    await raise_revision(engine, acme)

    live = await signing_desk.run(sessions.load_live, session_id)

    assert live.session.is_running(signing_desk.clock())
    assert (await session_row(engine, session_id)).revision == live.tenant.revision


async def test_a_login_that_grows_older_ends_no_session(engine: AsyncEngine, signing_desk: Desk, clock: Clock) -> None:
    acme, ana, bob, _ = await set_up(engine)
    await acme.policy(asking_for(acr=["mfa"], max_age="15m"))
    session_id = await start_after(signing_desk, ana, bob, acr="mfa", auth_time=int(clock().timestamp()) - 600)
    clock.forward(minutes=20)
    await raise_revision(engine, acme)

    live = await signing_desk.run(sessions.load_live, session_id)

    assert live.session.is_running(clock())


@pytest.mark.parametrize("login", [{}, {"acr": "pwd"}, {"acr": "mfa", "auth_time": 1}])
async def test_a_policy_that_begins_to_ask_for_a_login_ends_what_began_without(
    engine: AsyncEngine, signing_desk: Desk, login: dict[str, Any]
) -> None:
    acme, ana, bob, _ = await set_up(engine)
    session_id = await start_after(signing_desk, ana, bob, **login)
    await acme.policy(asking_for(acr=["mfa"], max_age="15m"))
    await raise_revision(engine, acme)

    ended = await signing_desk.run_in_transaction(sessions.end_disallowed, acme.id)

    assert dict(ended) == {"policy_changed": 1}
    assert (await session_row(engine, session_id)).end_reason == "policy_changed"


async def test_a_policy_that_grants_less_narrows_the_session(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme, ana, bob, _ = await set_up(engine)
    await acme.workspace("north", bob=(bob, ["ticket.read", "ticket.reply"]))
    wide: dict[str, Any] = {**SUPPORT_POLICY["rules"][0], "permissions": ["ticket.read", "ticket.reply"]}
    await acme.policy({"version": 1, "rules": [wide]})
    session_id = (await start(signing_desk, ana, bob, workspace="north")).live.session.id
    await acme.policy({"version": 1, "rules": [{**wide, "permissions": ["ticket.read"]}]}, version=2)
    await raise_revision(engine, acme)

    live = await signing_desk.run(sessions.load_live, session_id)

    assert live.session.permissions == frozenset({"ticket.read"})
    assert (await session_row(engine, session_id)).permissions == ["ticket.read"]
