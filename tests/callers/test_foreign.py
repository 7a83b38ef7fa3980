"""Callers with tokens of identity providers, as they are and as attackers make them."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from builders import audit_of, make_tenant
from forgery import pair
from impersonator_api.callers import UserCaller
from impersonator_api.callers.errors import CallerUnknownError
from impersonator_api.database import build_engine
from impersonator_api.directory.tables import tenants, users
from impersonator_api.errors import ServiceError
from impersonator_api.revisions import schema_of
from impersonator_api.settings import Settings
from impersonator_api.tokens import InvalidTokenError
from statements import statements_of

from .conftest import Provider, Scene

MANY_USERS = text(
    "INSERT INTO users (id, tenant_id, external_id, created_at, updated_at)"
    " SELECT gen_random_uuid(), :tenant, 'many-' || n, now(), now() FROM generate_series(1, 5000) AS n"
)


async def test_a_user_of_a_trusted_issuer_is_recognised(scene: Scene) -> None:
    caller = await scene.caller(azp="panel", scope="read write", acr="mfa", amr=["otp"], auth_time=1)

    assert (caller.tenant.id, caller.party.id) == (scene.acme.id, scene.ana.id)
    assert caller.client_id == "panel"
    assert caller.scopes == {"read", "write"}
    assert caller.login.as_claims() == {"iss": scene.idp.issuer, "acr": "mfa", "amr": ["otp"], "auth_time": 1}


async def test_roles_come_from_the_directory_and_not_from_the_token(scene: Scene) -> None:
    caller = await scene.caller(roles=["super_admin"], permissions=["*"], rank=100)

    assert caller.party.role_names == ("support",)
    assert caller.party.permissions_anywhere == {"impersonation.start"}


async def test_a_login_that_says_nothing_is_its_issuer_alone(scene: Scene) -> None:
    assert (await scene.caller()).login.as_claims() == {"iss": scene.idp.issuer}


@pytest.mark.parametrize(
    "scope", [{"scope": ["a", "b"]}, {"scp": "a b"}, {"scp": ["a", "b"]}, {"scope": "a b", "scp": "c"}]
)
async def test_scopes_are_read_as_providers_write_them(scene: Scene, scope: dict[str, Any]) -> None:
    assert (await scene.caller(**scope)).scopes == {"a", "b"}


async def test_an_untrusted_issuer_is_told_nothing(scene: Scene) -> None:
    for issuer in ("https://evil.test", scene.idp.issuer + "/", scene.idp.issuer.upper(), "", None, 1):
        with pytest.raises(InvalidTokenError, match="not trusted"):
            await scene.caller(iss=issuer)


async def test_a_suspended_issuer_is_not_trusted(scene: Scene) -> None:
    await scene.change_issuer(status="suspended")

    with pytest.raises(InvalidTokenError, match="not trusted"):
        await scene.caller()


async def test_a_strangers_key_does_not_speak_for_the_issuer(scene: Scene) -> None:
    stranger = pair()

    with pytest.raises(InvalidTokenError, match="signature"):
        await scene.load(stranger.token(scene.claims(), kid=scene.idp.key.signing.kid))
    with pytest.raises(InvalidTokenError, match="does not publish"):
        await scene.load(stranger.token(scene.claims()))


@pytest.mark.parametrize(
    "header",
    [{"alg": "RS256"}, {"alg": "none"}, {"alg": "HS256"}, {"alg": "ES384"}, {"alg": 1}, {"kid": None}, {"typ": "JWT"}],
    ids=str,
)
async def test_a_header_that_is_not_agreed_is_refused(scene: Scene, header: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        await scene.caller(header=header)


async def test_an_agreed_algorithm_that_nobody_should_use_is_refused_all_the_same(scene: Scene) -> None:
    await scene.change_issuer(algorithms=["none", "HS256", "ES256"])

    for alg in ("none", "HS256"):
        with pytest.raises(InvalidTokenError, match="agreed"):
            await scene.caller(header={"alg": alg})


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "other"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"exp": None},
        {"nonce": "n"},
        {"nonce": ""},
        {"at_hash": "h"},
        {"c_hash": "h"},
        {"act": {"sub": "1"}},
        {"act": ""},
        {"azp": 1},
        {"client_id": ["panel"]},
        {"scope": 1},
        {"scope": [1]},
        {"amr": "pwd"},
        {"amr": [1]},
        {"acr": 2},
        {"auth_time": "yesterday"},
    ],
    ids=str,
)
async def test_a_token_that_is_not_as_agreed_is_refused(scene: Scene, changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        await scene.caller(**changed)


async def test_clocks_may_differ_by_a_minute(scene: Scene) -> None:
    now = int(scene.clock().timestamp())

    assert (await scene.caller(exp=now - 59, iat=now + 60, nbf=now + 60)).party.id == scene.ana.id
    for name, moment in (("exp", now - 60), ("iat", now + 61), ("nbf", now + 61)):
        with pytest.raises(InvalidTokenError):
            await scene.load(scene.idp.key.token(scene.claims() | {name: moment}))


async def test_keycloak_style_tokens_need_the_claim_that_tells_them_from_id_tokens(scene: Scene) -> None:
    await scene.change_issuer(typ=["JWT"], require_claims={"typ": "Bearer"})

    assert (await scene.caller(header={"typ": "JWT"}, typ="Bearer")).party.id == scene.ana.id
    for typ in ("ID", "bearer", True, None):
        with pytest.raises(InvalidTokenError, match="typ"):
            await scene.caller(header={"typ": "JWT"}, typ=typ)


@pytest.mark.parametrize("wanted", [1, "1", True])
async def test_required_claims_are_equal_as_json_is(scene: Scene, wanted: object) -> None:
    await scene.change_issuer(require_claims={"level": wanted})

    accepted = []
    for value in (1, "1", True, 1.0):
        try:
            await scene.caller(level=value)
        except InvalidTokenError:
            continue
        accepted.append(repr(value))

    assert accepted == [repr(wanted)]


async def test_only_agreed_clients_get_tokens_for_us(scene: Scene) -> None:
    await scene.change_issuer(clients=["panel", "portal"])

    for azp, client_id in (("panel", None), (None, "portal"), ("panel", "portal")):
        assert (await scene.caller(azp=azp, client_id=client_id)).client_id in {azp, client_id}
    for azp, client_id in ((None, None), ("evil", None), ("panel", "evil"), ("", None)):
        with pytest.raises(InvalidTokenError, match="client"):
            await scene.caller(azp=azp, client_id=client_id)


async def test_an_agreed_scope_must_be_there(scene: Scene) -> None:
    await scene.change_issuer(scope="impersonate")

    assert (await scene.caller(scope="openid impersonate")).party.id == scene.ana.id
    for scope in ("openid", "impersonates", None):
        with pytest.raises(InvalidTokenError, match="scope"):
            await scene.caller(scope=scope)


async def test_a_subject_may_be_our_id(scene: Scene) -> None:
    await scene.change_issuer(subject="id")

    assert (await scene.caller(sub=str(scene.ana.id))).party.id == scene.ana.id
    for sub in (scene.ana.external_id, str(uuid4()), 1):
        with pytest.raises((CallerUnknownError, InvalidTokenError)):
            await scene.caller(sub=sub)


async def test_our_id_is_no_external_id(scene: Scene) -> None:
    with pytest.raises(CallerUnknownError):
        await scene.caller(sub=str(scene.ana.id))


async def test_a_subject_may_be_in_another_claim(scene: Scene) -> None:
    await scene.change_issuer(subject="claim:oid")

    assert (await scene.caller(sub="pairwise", oid=scene.ana.external_id)).party.id == scene.ana.id
    with pytest.raises(InvalidTokenError, match="oid"):
        await scene.caller(sub=scene.ana.external_id)


@pytest.mark.parametrize("subject", ["external_id", "claim:uid"])
async def test_a_number_names_a_user_as_its_digits_do(scene: Scene, subject: str) -> None:
    await scene.change_issuer(subject=subject)
    number = uuid4().int >> 80
    bob = await scene.acme.person("bob", external_id=str(number))

    assert (await scene.caller(sub=number, uid=number)).party.id == bob.id


@pytest.mark.parametrize("value", [["x"], {"x": 1}, True, 1.5])
async def test_only_texts_and_whole_numbers_name_users(scene: Scene, value: object) -> None:
    written = {"['x']": '["x"]', "{'x': 1}": '{"x": 1}', "True": "true"}.get(str(value), str(value))
    await scene.acme.person("odd", external_id=written)

    with pytest.raises(InvalidTokenError, match="by a text or a number"):
        await scene.caller(sub=value)


async def test_who_is_not_in_the_directory_is_refused_and_remembered(scene: Scene, engine: AsyncEngine) -> None:
    with pytest.raises(CallerUnknownError):
        await scene.caller(sub="nobody")

    (entry,) = await audit_of(engine, scene.acme)
    assert (entry.action, entry.code, entry.impersonator_label) == ("caller.refused", "caller-unknown", "nobody")


@pytest.mark.parametrize("status", ["suspended", "pending", "deleted"])
async def test_who_may_not_take_part_is_refused_and_remembered(scene: Scene, engine: AsyncEngine, status: str) -> None:
    await scene.acme.change(users, users.c.id == scene.ana.id, status=status)

    with pytest.raises(ServiceError) as refused:
        await scene.caller()

    assert (refused.value.status, refused.value.code) == (403, "caller-suspended")
    (entry,) = await audit_of(engine, scene.acme)
    assert (entry.code, entry.impersonator_id) == ("caller-suspended", scene.ana.id)


async def test_nobody_of_a_suspended_tenant_is_let_in(scene: Scene) -> None:
    await scene.acme.change(tenants, tenants.c.id == scene.acme.id, status="suspended")

    with pytest.raises(ServiceError, match="may not be used"):
        await scene.caller()


async def test_anonymous_failures_are_not_in_the_audit(scene: Scene, engine: AsyncEngine) -> None:
    with pytest.raises(InvalidTokenError):
        await scene.caller(aud="other")

    assert await audit_of(engine, scene.acme) == []


async def test_tenants_that_share_an_issuer_are_told_apart_by_a_claim(scene: Scene, engine: AsyncEngine) -> None:
    globex = await make_tenant(engine, "globex")
    twin = await globex.person("ana", external_id=scene.ana.external_id)
    await scene.change_issuer(match={"claim": "org", "equals": "acme"})
    await globex.issuer(scene.idp.issuer, jwks_uri=scene.idp.jwks_uri, match={"claim": "org", "equals": "globex"})

    assert (await scene.caller(org="acme")).party.id == scene.ana.id
    assert (await scene.caller(org="globex")).party.id == twin.id
    for org in ("evil", ["acme"], None):
        with pytest.raises(InvalidTokenError, match="not trusted"):
            await scene.caller(org=org)


async def test_a_token_that_two_tenants_claim_is_for_neither(scene: Scene, engine: AsyncEngine) -> None:
    globex = await make_tenant(engine, "globex")
    await globex.issuer(scene.idp.issuer, jwks_uri=scene.idp.jwks_uri)

    with pytest.raises(InvalidTokenError, match="not trusted"):
        await scene.caller()


async def test_a_user_of_another_tenant_is_unknown_here(scene: Scene, engine: AsyncEngine) -> None:
    globex = await make_tenant(engine, "globex")
    eve = await globex.person("eve", "super_admin")

    with pytest.raises(CallerUnknownError):
        await scene.caller(sub=eve.external_id)


async def test_a_provider_out_of_reach_is_503_and_not_401(scene: Scene) -> None:
    scene.idp.status = 500

    with pytest.raises(ServiceError) as refused:
        await scene.caller()

    assert (refused.value.status, refused.value.code) == (503, "issuer-keys-unavailable")


async def test_an_issuer_that_calls_itself_us_is_not_asked(scene: Scene) -> None:
    ours = scene.desk.settings.issuer
    await scene.change_issuer(issuer=ours)

    with pytest.raises(InvalidTokenError, match="not, or no longer, ours"):
        await scene.caller(iss=ours)
    await scene.change_issuer(issuer=scene.idp.issuer)

    assert scene.idp.asked == 0


async def test_a_user_is_found_by_an_index_however_many_there_are(
    scene: Scene, engine: AsyncEngine, database_url: str
) -> None:
    async with statements_of(engine) as asked:
        await scene.caller()

    owner = create_async_engine(database_url)
    async with owner.connect() as db:
        await db.execute(MANY_USERS, {"tenant": scene.acme.id})
        await db.execute(text("ANALYZE users"))
        plan = "\n".join((await db.exec_driver_sql(f"EXPLAIN {asked[0].query}", asked[0].args)).scalars())
        await db.rollback()
    await owner.dispose()

    assert "Index Scan using uq_users_tenant_id_external_id" in plan
    assert "Index Scan using pk_users" in plan
    assert "Seq Scan on users" not in plan


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CLAIMS = ("sub", "aud", "exp", "nbf", "iat", "azp", "client_id", "scope", "scp", "acr", "amr", "auth_time", "org", "x")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(changed=st.dictionaries(st.sampled_from(CLAIMS), JSON, min_size=1, max_size=4))
async def test_no_signed_claims_break_the_door(scene: Scene, changed: dict[str, Any]) -> None:
    with suppress(InvalidTokenError, CallerUnknownError):
        caller = await scene.load(scene.idp.key.token(scene.claims() | changed))

        assert isinstance(caller, UserCaller)
        assert caller.party.id == scene.ana.id


async def test_who_waits_for_an_issuers_keys_holds_no_connection(
    database_url: str, scene: Scene, idp: Provider
) -> None:
    engine = build_engine(database_url, Settings(pool_size=1, pool_timeout=timedelta(milliseconds=200)))
    scene.desk = replace(scene.desk, engine=engine)
    idp.delay = 0.6

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(scene.caller())
        await asyncio.sleep(0.2)
        meanwhile = await schema_of(engine)
    await engine.dispose()

    assert waiting.result().party.id == scene.ana.id
    assert meanwhile.fits
