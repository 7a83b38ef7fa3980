from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, make_tenant, ordinary_token, start
from impersonator_api.directory.tables import clients
from impersonator_api.work import Desk

SEED_001 = {
    "authId",
    "email",
    "locale",
    "createdAt",
    "updatedAt",
    "emailVerified",
    "roles",
    "firstName",
    "lastName",
    "linkedAccount",
}


async def test_userinfo_has_the_shape_of_seed_001(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    bob = await acme.person("bob", "customer", given_name="Bob", locale="en")
    bearer = {"Authorization": f"Bearer {await ordinary_token(signing_desk, bob)}"}

    answer = (await http.get("/oauth2/v1/userinfo", headers=bearer)).raise_for_status().json()

    assert answer.keys() >= SEED_001
    assert (answer["firstName"], answer["lastName"], answer["roles"]) == ("Bob", None, ["customer"])
    assert answer.keys().isdisjoint({"act", "sid", "impersonated_by"})


async def test_the_actor_is_the_same_in_token_and_userinfo(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    started = await start(signing_desk, ana, bob)
    bearer = {"Authorization": f"Bearer {started.access.token}"}

    answer = (await http.get("/oauth2/v1/userinfo", headers=bearer)).raise_for_status().json()

    for claim in ("sub", "act", "sid", "impersonated_by", "mode"):
        assert answer[claim] == started.access.claims[claim]


async def test_the_built_in_client_is_always_active(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    started = await start(signing_desk, ana, bob)

    await acme.change(clients, clients.c.client_id == f"impersonator:{acme.slug}", status="suspended")

    bearer = {"Authorization": f"Bearer {started.access.token}"}
    assert (await http.get("/oauth2/v1/userinfo", headers=bearer)).status_code == 200


async def test_a_services_own_token_stands_for_nobody(engine: AsyncEngine, http: AsyncClient) -> None:
    acme = await make_tenant(engine)
    backend = await acme.client("backoffice", kind="service", scopes=["root"])
    form = {"grant_type": "client_credentials"}
    token = (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).json()["access_token"]

    answer = await http.get("/oauth2/v1/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 403
