"""What an API in Python guards itself with: joserfc, and Authlib's validator of access tokens."""

import asyncio
from typing import Any

import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact
from typing_extensions import override

from cli.conftest import on_server
from clients.conftest import Open
from clients.realm import API, SECRETS
from clients.service import Service

pytestmark = pytest.mark.slow

PATIENCE = 150


class Guard(JWTBearerTokenValidator):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's guard of an API (RFC 9068), with the keys that it shall go by."""

    keys: KeySet

    @override
    def get_jwks(self) -> KeySet:
        return self.keys


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
