"""Callers with tokens that we issued."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Organisation, Someone, audit_of, make_tenant, ordinary_token, start
from impersonator_api import tokens
from impersonator_api.callers import (
    Caller,
    Credentials,
    Further,
    ImpersonationCaller,
    ServiceCaller,
    UserCaller,
    load_caller,
)
from impersonator_api.directory.tables import clients, tenants, users
from impersonator_api.errors import ServiceError
from impersonator_api.settings import Environment
from impersonator_api.tokens import InvalidTokenError, KeyRing, ServiceGrant
from impersonator_api.tokens.jws import sign
from impersonator_api.work import Desk, Work
from statements import statements_of


async def load(desk: Desk, token: str, **also: Any) -> Caller:
    return await desk.run(load_caller, Credentials(token), **also)


async def service_token(desk: Desk, tenant: Organisation, client_id: str, *scope: str) -> str:
    grant = ServiceGrant(tenant=tenant.slug, client_id=client_id, audience="x", scope=frozenset(scope))

    async def mint(work: Work) -> str:
        return tokens.mint_service(work, grant, alg="ES256").token

    return await desk.run(mint)


@pytest.fixture
async def acme(engine: AsyncEngine) -> Organisation:
    return await make_tenant(engine)


@pytest.fixture
async def ana(acme: Organisation) -> Someone:
    return await acme.person("ana", "super_admin")


async def test_no_credentials_are_401_without_a_hint(calling_desk: Desk) -> None:
    with pytest.raises(ServiceError) as refused:
        await calling_desk.run(load_caller, None)

    assert (refused.value.status, refused.value.code) == (401, "credentials-missing")


async def test_garbage_is_an_invalid_token(calling_desk: Desk) -> None:
    with pytest.raises(ServiceError) as refused:
        await load(calling_desk, "garbage")

    assert (refused.value.status, refused.value.code) == (401, "invalid-token")


async def test_a_person_comes_as_himself(calling_desk: Desk, acme: Organisation, ana: Someone) -> None:
    caller = await load(calling_desk, await ordinary_token(calling_desk, ana, scope="openid", acr="mfa", auth_time=7))

    assert isinstance(caller, UserCaller)
    assert (caller.tenant.id, caller.party.id) == (acme.id, ana.id)
    assert caller.scopes == {"openid"}
    issuer = calling_desk.settings.issuer
    assert caller.login.as_claims() == {"iss": issuer, "acr": "mfa", "auth_time": 7}


async def test_a_service_comes_as_itself(calling_desk: Desk, acme: Organisation) -> None:
    client_id = await acme.client("backoffice", kind="service", permissions=["impersonation.start"], rank=9)

    caller = await load(calling_desk, await service_token(calling_desk, acme, client_id, "root"))

    assert isinstance(caller, ServiceCaller)
    assert (caller.tenant.id, caller.party.client_id, caller.party.rank) == (acme.id, client_id, 9)
    assert caller.scopes == {"root"}


async def test_an_impersonation_token_is_its_session(calling_desk: Desk, acme: Organisation, ana: Someone) -> None:
    bob = await acme.person("bob", "customer")
    started = await start(calling_desk, ana, bob)

    caller = await load(calling_desk, started.access.token)

    assert isinstance(caller, ImpersonationCaller)
    assert caller.session_id == started.live.session.id
    assert caller.claims.claims == started.access.claims


async def test_a_refresh_token_opens_no_door(calling_desk: Desk, acme: Organisation, ana: Someone) -> None:
    started = await start(calling_desk, ana, await acme.person("bob", "customer"))

    with pytest.raises(InvalidTokenError):
        await load(calling_desk, started.refresh.token)


@pytest.mark.parametrize("lost", ["act", "sid", "impersonated_by"])
async def test_a_token_that_lost_its_actor_is_nobodys(
    calling_desk: Desk, acme: Organisation, ana: Someone, lost: str
) -> None:
    started = await start(calling_desk, ana, await acme.person("bob", "customer"))
    key = calling_desk.services.get(KeyRing).signing_key("ES256")
    claims = {name: value for name, value in started.access.claims.items() if name != lost}

    with pytest.raises(InvalidTokenError):
        await load(calling_desk, sign(claims, key=key, typ="at+jwt"))


@pytest.mark.parametrize("changed", [{"sid": "x"}, {"act": "ana"}, {"impersonated_by": 1}, {"sid": 1}])
async def test_an_odd_actor_is_refused(
    calling_desk: Desk, acme: Organisation, ana: Someone, changed: dict[str, Any]
) -> None:
    started = await start(calling_desk, ana, await acme.person("bob", "customer"))
    key = calling_desk.services.get(KeyRing).signing_key("ES256")

    with pytest.raises(InvalidTokenError):
        await load(calling_desk, sign(dict(started.access.claims) | changed, key=key, typ="at+jwt"))


async def test_production_knows_no_ordinary_tokens_of_ours(calling_desk: Desk, ana: Someone) -> None:
    token = await ordinary_token(calling_desk, ana)
    production = calling_desk.settings.model_copy(
        update={"environment": Environment.PRODUCTION, "master_key": SecretStr("x")}
    )

    with pytest.raises(InvalidTokenError, match="identity provider"):
        await load(replace(calling_desk, settings=production), token)


@pytest.mark.parametrize("status", ["suspended", "pending", "deleted"])
async def test_a_person_who_may_not_take_part_is_refused(
    engine: AsyncEngine, calling_desk: Desk, acme: Organisation, ana: Someone, status: str
) -> None:
    token = await ordinary_token(calling_desk, ana)
    await acme.change(users, users.c.id == ana.id, status=status)

    with pytest.raises(ServiceError) as refused:
        await load(calling_desk, token)

    assert refused.value.code == "caller-suspended"
    (entry,) = await audit_of(engine, acme)
    assert (entry.impersonator_kind, entry.impersonator_id) == ("user", ana.id)


async def test_a_suspended_services_tokens_are_dead(
    engine: AsyncEngine, calling_desk: Desk, acme: Organisation
) -> None:
    client_id = await acme.client("backoffice", kind="service")
    token = await service_token(calling_desk, acme, client_id, "root")
    await acme.change(clients, clients.c.client_id == client_id, status="suspended")

    with pytest.raises(ServiceError) as refused:
        await load(calling_desk, token)

    assert refused.value.code == "caller-suspended"
    (entry,) = await audit_of(engine, acme)
    assert (entry.impersonator_kind, entry.impersonator_label) == ("client", client_id)


async def test_nobody_of_a_suspended_tenant_is_let_in(calling_desk: Desk, acme: Organisation, ana: Someone) -> None:
    token = await ordinary_token(calling_desk, ana)
    await acme.change(tenants, tenants.c.id == acme.id, status="suspended")

    with pytest.raises(ServiceError, match="may not be used"):
        await load(calling_desk, token)


async def test_who_is_gone_is_nobody(calling_desk: Desk, acme: Organisation) -> None:
    ghost = Someone(uuid4(), "ghost", "ghost@acme.test", acme)

    for token in (await ordinary_token(calling_desk, ghost), await service_token(calling_desk, acme, "gone", "root")):
        with pytest.raises(InvalidTokenError, match="nobody"):
            await load(calling_desk, token)


async def test_a_token_does_not_cross_to_another_tenant(engine: AsyncEngine, calling_desk: Desk, ana: Someone) -> None:
    globex = await make_tenant(engine, "globex")
    client_id = await ana.tenant.client("backoffice", kind="service")
    crossing = replace(ana, tenant=globex)

    for token in (
        await ordinary_token(calling_desk, crossing),
        await service_token(calling_desk, globex, client_id, "root"),
    ):
        with pytest.raises(InvalidTokenError, match="nobody"):
            await load(calling_desk, token)


async def test_a_subject_that_is_no_id_is_refused(calling_desk: Desk, ana: Someone) -> None:
    claims = tokens.read_unverified(await ordinary_token(calling_desk, ana)).claims
    key = calling_desk.services.get(KeyRing).signing_key("ES256")

    for sub in ("ana", ana.email):
        with pytest.raises(InvalidTokenError, match="sub is not an id"):
            await load(calling_desk, sign(dict(claims) | {"sub": sub}, key=key, typ="at+jwt"))


async def test_more_can_be_asked_of_the_same_statement(calling_desk: Desk, acme: Organisation, ana: Someone) -> None:
    client_id = await acme.client("backoffice", kind="service")
    ask = {"same": Further(lambda party_id, other: party_id == other, {"other": ana.id})}

    person = await load(calling_desk, await ordinary_token(calling_desk, ana), also=ask)
    service = await load(calling_desk, await service_token(calling_desk, acme, client_id, "root"), also=ask)

    assert isinstance(person, UserCaller)
    assert person.also["same"] is True
    assert isinstance(service, ServiceCaller)
    assert service.also["same"] is False
    assert "same" not in repr((person, service))


async def test_a_caller_costs_at_most_one_statement(
    engine: AsyncEngine, calling_desk: Desk, acme: Organisation, ana: Someone
) -> None:
    client_id = await acme.client("backoffice", kind="service")
    started = await start(calling_desk, ana, await acme.person("bob", "customer"))
    person, service = (
        await ordinary_token(calling_desk, ana),
        await service_token(calling_desk, acme, client_id, "root"),
    )

    counts = []
    for token in (started.access.token, person, service):
        async with statements_of(engine) as sent:
            await load(calling_desk, token)
        counts.append(len(sent))

    assert counts == [0, 1, 1]
