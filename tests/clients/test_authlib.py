"""Authlib on its own HTTP client: what a backend in Python has."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact
from typing_extensions import override

from cli.conftest import on_server
from clients.realm import API, SECRETS, signer_keys
from clients.service import Service

pytestmark = pytest.mark.slow

PATIENCE = 150
HANDOVER = "urn:impersonator:params:oauth:grant-type:handover"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
USER_ID = "urn:impersonator:params:oauth:token-type:user-id"

Open = Callable[..., AsyncOAuth2Client]


class MinuteLongAssertion(PrivateKeyJWT):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's own lives an hour, which is twelve times as long as we take."""

    @override
    def sign(self, auth: Any, token_endpoint: str) -> str:
        key, client_id = auth.client_secret, auth.client_id
        return str(private_key_jwt_sign(key, client_id, token_endpoint, alg=self.alg, expires_in=60))


class Guard(JWTBearerTokenValidator):  # type: ignore[misc]  # likewise
    """Authlib's guard of an API (RFC 9068), with the keys that it shall go by."""

    keys: KeySet

    @override
    def get_jwks(self) -> KeySet:
        return self.keys


@pytest.fixture(scope="session")
def metadata(service: Service) -> dict[str, Any]:
    """What a client learns from our issuer's address (RFC 8414)."""
    answer = httpx.get(f"{service.issuer}/.well-known/oauth-authorization-server")
    return dict(answer.raise_for_status().json())


@pytest.fixture(scope="session")
def keys(metadata: dict[str, Any]) -> KeySet:
    """What a resource server verifies our tokens by."""
    return KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).raise_for_status().json())


@pytest.fixture
async def opened(metadata: dict[str, Any]) -> AsyncIterator[Open]:
    """Clients that are closed after the test; one with a secret proves itself by HTTP Basic unless told otherwise."""
    clients = []

    def opened(client_id: str, **how: Any) -> AsyncOAuth2Client:
        clients.append(AsyncOAuth2Client(client_id, token_endpoint=metadata["token_endpoint"], **how))
        return clients[-1]

    yield opened
    for client in clients:
        await client.aclose()


@pytest.fixture
def reader(opened: Open) -> AsyncOAuth2Client:
    """May ask about every token."""
    return opened("reader", client_secret=SECRETS["reader"])


@pytest.fixture
async def entered(service: Service, opened: Open) -> AsyncOAuth2Client:
    """An application in which Ana is Carla, by the code of a hand-over link."""
    portal = opened("portal")
    link = service.hand_over("1003", "portal")
    code = urlsplit(link["url"]).fragment.removeprefix("handover_code=")
    await portal.fetch_token(grant_type=HANDOVER, code=code, redirect_uri=link["redirect_uri"])
    return portal


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


async def test_the_published_keys_verify_an_access_token(
    entered: AsyncOAuth2Client, keys: KeySet, metadata: dict[str, Any]
) -> None:
    token = jwt.decode(entered.token["access_token"], keys, algorithms=["ES256"])

    expected = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": metadata["issuer"]}, aud={"essential": True, "value": API}
    )
    expected.validate(token.claims)
    assert (token.header["typ"], token.claims["client_id"]) == ("at+jwt", "portal")


def test_its_guard_of_an_api_takes_an_access_token_and_nothing_else(
    entered: AsyncOAuth2Client, keys: KeySet, metadata: dict[str, Any]
) -> None:
    guard = Guard(metadata["issuer"], API)
    guard.keys = keys

    let_in = guard.authenticate_token(entered.token["access_token"])
    guard.validate_token(let_in, ["profile"], None, roles=["customer"])

    with pytest.raises(InvalidTokenError):
        guard.validate_token(guard.authenticate_token(entered.token["refresh_token"]), [], None)


async def test_keys_fetched_before_a_rotation_verify_what_is_signed_after_it(
    service: Service, clients_database_url: str, opened: Open, keys: KeySet
) -> None:
    # A next key signs only after every cached JWKS has it; nobody waits that long here.
    await on_server(clients_database_url, "UPDATE signing_keys SET created_at = created_at - interval '1 day'")
    reader = opened("reader", client_secret=SECRETS["reader"])
    before = await _signing_key(reader)

    service.said("keys", "rotate", "--alg", "ES256")

    assert await _signing_key_after(reader, before) != before
    jwt.decode(reader.token["access_token"], keys, algorithms=["ES256"])


async def _signing_key_after(client: AsyncOAuth2Client, before: str) -> str:
    """The next `kid` that signs; the served process hears of it within seconds."""
    for _ in range(PATIENCE):
        now = await _signing_key(client)
        if now != before:
            return now
        await asyncio.sleep(0.2)
    return before


async def _signing_key(client: AsyncOAuth2Client) -> str:
    """The `kid` that signs now, as a new token says."""
    token = await client.fetch_token(grant_type="client_credentials", scope="introspect")
    return str(extract_compact(token["access_token"].encode()).headers()["kid"])


async def _told(reader: AsyncOAuth2Client, metadata: dict[str, Any], token: str) -> dict[str, Any]:
    answer = await reader.introspect_token(metadata["introspection_endpoint"], token=token)
    return dict(answer.raise_for_status().json())
