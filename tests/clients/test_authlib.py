"""Authlib on its own HTTP client: what a backend in Python has."""

from typing import Any

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from typing_extensions import override

from clients.conftest import Open
from clients.realm import SECRETS, signer_keys

pytestmark = pytest.mark.slow

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
USER_ID = "urn:impersonator:params:oauth:token-type:user-id"


class MinuteLongAssertion(PrivateKeyJWT):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's own lives an hour, which is twelve times as long as we take."""

    @override
    def sign(self, auth: Any, token_endpoint: str) -> str:
        key, client_id = auth.client_secret, auth.client_id
        return str(private_key_jwt_sign(key, client_id, token_endpoint, alg=self.alg, expires_in=60))


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_service_gets_a_token_for_itself(opened: Open, method: str) -> None:
    reader = opened("reader", client_secret=SECRETS["reader"], token_endpoint_auth_method=method)

    token = await reader.fetch_token(grant_type="client_credentials", scope="introspect")

    assert (token["token_type"], token["expires_in"], "refresh_token" in token) == ("Bearer", 3600, False)


async def test_a_service_without_a_secret_proves_itself_by_its_key(opened: Open, metadata: dict[str, Any]) -> None:
    signer = opened("signer", client_secret=signer_keys()["ES256"], token_endpoint_auth_method="private_key_jwt")
    signer.register_client_auth_method(MinuteLongAssertion(metadata["token_endpoint"], alg="ES256"))

    token = await signer.fetch_token(grant_type="client_credentials", scope="root")

    assert (await _told(signer, metadata, token["access_token"]))["sub"] == "signer"


async def test_an_assertion_for_an_hour_which_is_its_own_habit_is_refused(
    opened: Open, metadata: dict[str, Any]
) -> None:
    signer = opened("signer", client_secret=signer_keys()["ES256"], token_endpoint_auth_method="private_key_jwt")
    signer.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg="ES256"))

    with pytest.raises(OAuthError, match="invalid_client"):
        await signer.fetch_token(grant_type="client_credentials", scope="root")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_wrong_secret_is_told_in_the_protocols_words(opened: Open, method: str) -> None:
    stranger = opened("reader", client_secret="wrong", token_endpoint_auth_method=method)

    with pytest.raises(OAuthError) as refused:
        await stranger.fetch_token(grant_type="client_credentials", scope="introspect")

    assert refused.value.error == "invalid_client"


async def test_a_refresh_keeps_the_session_and_its_actor(
    entered: AsyncOAuth2Client, reader: AsyncOAuth2Client, metadata: dict[str, Any]
) -> None:
    before = await _told(reader, metadata, entered.token["access_token"])

    await entered.refresh_token()

    after = await _told(reader, metadata, entered.token["access_token"])
    assert (after["active"], after["sid"], after["act"]) == (True, before["sid"], before["act"])


async def test_an_expired_access_token_is_refreshed_on_the_way(
    entered: AsyncOAuth2Client, metadata: dict[str, Any]
) -> None:
    first = entered.token["access_token"]
    entered.token = {**entered.token, "expires_at": 1}

    answer = await entered.get(metadata["userinfo_endpoint"])

    assert answer.json()["email"] == "carla@acme.test"
    assert entered.token["access_token"] != first


async def test_a_token_given_back_is_dead_at_once(
    entered: AsyncOAuth2Client, reader: AsyncOAuth2Client, metadata: dict[str, Any]
) -> None:
    answer = await entered.revoke_token(metadata["revocation_endpoint"], token_type_hint="refresh_token")

    assert answer.status_code == 200
    assert await _told(reader, metadata, entered.token["access_token"]) == {"active": False}
    with pytest.raises(OAuthError, match="invalid_grant"):
        await entered.refresh_token()


async def test_a_service_exchanges_a_user_for_a_token_in_which_it_acts(
    opened: Open, reader: AsyncOAuth2Client, metadata: dict[str, Any]
) -> None:
    agent = opened("agent", client_secret=SECRETS["agent"])

    token = await agent.fetch_token(grant_type=EXCHANGE, subject_token="1003", subject_token_type=USER_ID)

    told = await _told(reader, metadata, token["access_token"])
    assert (told["username"], told["act"]["sub"]) == ("carla@acme.test", "agent")
    assert token["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"


async def _told(reader: AsyncOAuth2Client, metadata: dict[str, Any], token: str) -> dict[str, Any]:
    answer = await reader.introspect_token(metadata["introspection_endpoint"], token=token)
    return dict(answer.raise_for_status().json())
