import httpx
import pytest
from httpx import AsyncClient

from conftest import MASTER_KEY, Clock
from impersonator_api.app import create_app
from impersonator_api.settings import Settings


async def test_the_metadata_names_the_issuer_byte_for_byte(http: AsyncClient) -> None:
    answer = (await http.get("/.well-known/oauth-authorization-server")).raise_for_status().json()

    assert answer["issuer"] == Settings(master_key=MASTER_KEY).issuer
    assert answer["response_types_supported"] == []
    assert answer["grant_types_supported"] == [
        "client_credentials",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:impersonator:params:oauth:grant-type:handover",
    ]


async def test_every_endpoint_of_the_metadata_is_there(http: AsyncClient) -> None:
    answer = (await http.get("/.well-known/oauth-authorization-server")).json()

    for name, url in answer.items():
        if name.endswith(("_endpoint", "_uri")):
            assert (await http.get(url)).status_code != 404, name


@pytest.mark.parametrize("issuer", ["https://acme.test/auth/impersonator", "https://acme.test/auth/impersonator/"])
async def test_an_issuers_path_stands_at_the_end_of_the_documents_address(
    database_url: str, clock: Clock, issuer: str
) -> None:
    settings = Settings(master_key=MASTER_KEY, issuer=issuer)
    app = create_app(settings, database_url=database_url, clock=clock, with_worker=False)
    transport = httpx.ASGITransport(app)

    async with app.router.lifespan_context(app), AsyncClient(transport=transport, base_url=issuer) as http:
        known, other = [
            await http.get(f"https://acme.test/.well-known/oauth-authorization-server/{path}")
            for path in ("auth/impersonator", "auth/another")
        ]

    assert (known.status_code, known.json()["issuer"]) == (200, issuer)
    assert (other.status_code, other.json()["code"]) == (404, "route-not-found")
