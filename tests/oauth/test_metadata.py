from httpx import AsyncClient

from conftest import MASTER_KEY
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
