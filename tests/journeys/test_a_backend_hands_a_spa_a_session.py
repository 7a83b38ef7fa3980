"""Service to service (seed 001): a backend gets a SPA the tokens of a user, in the name of an admin."""

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import claims_of
from builders import SECRET, make_tenant, ordinary_token
from conftest import Clock
from impersonator_api.work import Desk


async def test_a_backend_hands_a_spa_a_session(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk, clock: Clock
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    spa = await acme.client("dashboard", number=1, refresh_policy="reuse")
    backend = await acme.client("backoffice", kind="service", scopes=["root"])

    # The backend gets a token for itself.
    form = {"grant_type": "client_credentials", "scope": "root"}
    own = (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).raise_for_status().json()
    assert (own["expires_in"], own["token_type"], own["scope"]) == (3600, "Bearer", "root")

    # With it, and Ana's, it asks for Bob's tokens in app number 1.
    bearer = {"Authorization": f"Bearer {own['access_token']}"}
    body = {"impersonatorToken": await ordinary_token(signing_desk, ana)}
    handed = (
        (await http.post(f"/api/v1/users/{bob.id}/impersonation/1", json=body, headers=bearer))
        .raise_for_status()
        .json()
    )
    assert handed.keys() == {"refresh_token", "refresh_token_expires_in", "refresh_token_expires_on"}
    assert handed["refresh_token_expires_in"] == 1800

    tokens = {}
    # The SPA sends the same refresh token on every page load, and nothing else.
    for _ in range(2):
        clock.forward(minutes=1)
        form = {"grant_type": "refresh_token", "refresh_token": handed["refresh_token"]}
        tokens = (await http.post("/oauth2/v1/token", data=form)).raise_for_status().json()
        assert tokens.keys() == {"access_token", "expires_in", "expires_on", "token_type"}

    # It is Bob, and it says that Ana is acting.
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    seen = (await http.get("/oauth2/v1/userinfo", headers=bearer)).raise_for_status().json()
    assert (seen["authId"], seen["impersonated_by"]) == (str(bob.id), str(ana.id))

    # Its claims are under the names that the published SDK reads.
    claims = claims_of(tokens["access_token"])
    assert (claims["azp"], claims["scope"], claims["roles"]) == (spa, "offline_access profile", ["customer"])
    assert claims["impersonatedBy"] == str(ana.id)
