from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SUPPORT_POLICY, active_sessions, audit_of, make_tenant, start, starter_for
from conftest import Clock
from impersonator_api import sessions
from impersonator_api.directory.tables import consents, users
from impersonator_api.errors import ServiceError
from impersonator_api.sessions import Wish
from impersonator_api.work import Desk


async def test_an_admin_starts_a_session_with_tokens_that_name_him(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")

    started = await start(signing_desk, ana, bob)

    for token in (started.access, started.refresh):
        assert token.claims["act"] == {"sub": str(ana.id), "iss": signing_desk.settings.issuer}
        assert token.claims["impersonated_by"] == str(ana.id)
        assert token.claims["sub"] == str(bob.id)
        assert token.claims["sid"] == str(started.live.session.id)


async def test_a_start_is_in_the_audit_with_both_identities(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")

    started = await start(signing_desk, ana, bob, ticket="SUP-1")

    (entry,) = await audit_of(engine, acme)
    assert (entry.action, entry.session_id) == ("session.started", started.live.session.id)
    assert (entry.impersonator_label, entry.target_label) == (ana.email, bob.email)
    assert (entry.reason, entry.ticket, entry.rule) == ("Locked out since Monday", "SUP-1", "super-admins-help")
    assert (entry.request_id, str(entry.ip)) == ("test-request", "192.0.2.7")


async def test_a_target_is_found_by_its_external_id(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer", external_id="1003")

    wish = Wish(target="1003")
    started = await signing_desk.run(sessions.start, starter=starter_for(ana), wish=wish)

    assert started.live.target.id == bob.id


@pytest.mark.parametrize(
    ("target", "code"),
    [("self", "cannot-impersonate-self"), ("nobody", "target-unknown"), ("elsewhere", "target-unknown")],
)
async def test_who_cannot_be_found_cannot_be_acted_as(
    engine: AsyncEngine, signing_desk: Desk, target: str, code: str
) -> None:
    acme, globex = await make_tenant(engine), await make_tenant(engine, "globex")
    ana, eve = await acme.person("ana", "super_admin"), await globex.person("eve", "customer")
    ids = {"self": str(ana.id), "nobody": "4711", "elsewhere": str(eve.id)}

    with pytest.raises(ServiceError) as told:
        await signing_desk.run(sessions.start, starter=starter_for(ana), wish=Wish(target=ids[target]))

    assert told.value.code == code


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"client": "nothing"}, "client-unknown"),
        ({"workspace": "nowhere"}, "workspace-unknown"),
        ({"expires_at": timedelta(seconds=-1)}, "expires-in-the-past"),
        ({"duration": timedelta(hours=2)}, "duration-exceeds"),
        ({"permissions": frozenset({"ticket.delete"})}, "permission-exceeds"),
    ],
)
async def test_what_is_asked_for_must_exist_and_be_allowed(
    engine: AsyncEngine, signing_desk: Desk, wish: dict[str, object], code: str
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    if isinstance(span := wish.get("expires_at"), timedelta):
        wish = {"expires_at": signing_desk.clock() + span}

    with pytest.raises(ServiceError) as told:
        await start(signing_desk, ana, bob, **wish)

    assert told.value.code == code
    assert await active_sessions(engine, ana) == []


async def test_two_users_of_one_name_are_ambiguous(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await acme.person("carol", "customer", external_id=str(bob.id))

    with pytest.raises(ServiceError) as told:
        await start(signing_desk, ana, bob)

    assert told.value.code == "ambiguous-user"


async def test_a_refusal_is_in_the_audit_and_leaves_nothing_else(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY)
    sam, ana = await acme.person("sam", "support"), await acme.person("ana", "super_admin")

    with pytest.raises(ServiceError) as told:
        await start(signing_desk, sam, ana)

    (entry,) = await audit_of(engine, acme)
    assert told.value.status == 403
    assert (entry.action, entry.code, entry.target_label) == ("session.refused", "only-downwards", ana.email)
    assert await active_sessions(engine, sam) == []


async def test_no_token_outlives_its_session(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")

    started = await start(signing_desk, ana, bob, duration=timedelta(seconds=90))

    ends_at = started.live.session.expires_at
    assert started.access.expires_at <= ends_at
    assert started.refresh.expires_at <= ends_at


async def test_a_limited_session_carries_only_what_rule_and_target_hold(
    engine: AsyncEngine, signing_desk: Desk
) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY)
    sam, bob = await acme.person("sam", "support"), await acme.person("bob", "customer")
    await acme.workspace("north", bob=(bob, ["ticket.read", "ticket.delete"]))

    started = await start(signing_desk, sam, bob, workspace="north", permissions=frozenset({"ticket.read"}))

    assert started.access.claims["permissions"] == ["ticket.read"]
    assert (started.access.claims["mode"], started.access.claims["workspace"]) == ("limited", "north")


async def test_a_client_that_requires_consent_needs_it(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    wallet = await acme.client("wallet", consent_required=True)

    with pytest.raises(ServiceError) as told:
        await start(signing_desk, ana, bob, client=wallet)
    await acme.consent(bob, wallet, ["offline_access", "profile"])
    started = await start(signing_desk, ana, bob, client=wallet)

    assert told.value.code == "consent-required"
    assert started.live.client.client_id == wallet


async def test_a_session_ends_with_the_consent_it_stands_on(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    wallet = await acme.client("wallet", consent_required=True)
    await acme.consent(bob, wallet, ["offline_access", "profile"])
    until = clock() + timedelta(minutes=5)
    await acme.change(consents, consents.c.user_id == bob.id, expires_at=until)

    started = await start(signing_desk, ana, bob, client=wallet)

    assert started.live.session.expires_at == until
    assert started.refresh.expires_at == until


async def test_a_suspended_target_cannot_be_acted_as(engine: AsyncEngine, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await acme.change(users, users.c.id == bob.id, status="suspended")

    with pytest.raises(ServiceError) as told:
        await start(signing_desk, ana, bob)

    assert told.value.members["law"] == "target-active"


async def test_an_overdue_session_nobody_swept_does_not_block_its_owner(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock
) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY | {"on_active": "reject"})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    first = await start(signing_desk, ana, bob)
    clock.forward(hours=2)

    second = await start(signing_desk, ana, bob)

    (active,) = await active_sessions(engine, ana)
    ended = next(entry for entry in await audit_of(engine, acme) if entry.action == "session.expired")
    assert active.id == second.live.session.id
    assert ended.session_id == first.live.session.id
