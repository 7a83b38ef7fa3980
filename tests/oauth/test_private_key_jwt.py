"""A client that authenticates by a signature (RFC 7523 §2.2, §3)."""

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, make_tenant, start
from callers.conftest import Provider
from conftest import Clock
from forgery import pair
from impersonator_api import tokens
from impersonator_api.work import Desk
from keyed import ISSUER, JWT_BEARER, TOKEN_URL, Keyed, keyed_service


@pytest.fixture
async def acme(engine: AsyncEngine) -> Organisation:
    return await make_tenant(engine)


@pytest.fixture
async def keyed(acme: Organisation, clock: Clock) -> Keyed:
    return await keyed_service(acme, clock)


async def ask(http: AsyncClient, form: dict[str, str]) -> Response:
    return await http.post("/oauth2/v1/token", data=form)


async def answered(http: AsyncClient, form: dict[str, str]) -> tuple[int, str | None]:
    answer = await ask(http, form)
    return answer.status_code, answer.json().get("error")


async def test_a_service_gets_a_token_by_its_signature(http: AsyncClient, keyed: Keyed) -> None:
    answer = await ask(http, keyed.form())

    assert answer.status_code == 200
    assert answer.json()["scope"] == "impersonation root"


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
async def test_every_kind_of_key_signs(http: AsyncClient, acme: Organisation, clock: Clock, alg: str) -> None:
    keyed = await keyed_service(acme, clock, alg=alg)

    assert await answered(http, keyed.form()) == (200, None)


@pytest.mark.parametrize(
    "aud", [ISSUER, TOKEN_URL, [ISSUER], [TOKEN_URL], [ISSUER, TOKEN_URL]], ids=["issuer", "url", "[i]", "[u]", "both"]
)
async def test_it_is_meant_for_us_by_either_of_our_names(http: AsyncClient, keyed: Keyed, aud: object) -> None:
    assert await answered(http, keyed.form(keyed.assertion(aud=aud))) == (200, None)


@pytest.mark.parametrize("typ", ["JWT", None, "client-authentication+jwt", "something-else"])
async def test_the_type_is_the_clients_to_choose(http: AsyncClient, keyed: Keyed, typ: str | None) -> None:
    assert await answered(http, keyed.form(keyed.assertion(header={"typ": typ}))) == (200, None)


async def test_iat_and_nbf_need_not_be_there(http: AsyncClient, keyed: Keyed) -> None:
    assert await answered(http, keyed.form(keyed.assertion(iat=None))) == (200, None)


async def test_the_client_may_be_named_beside_its_assertion(http: AsyncClient, keyed: Keyed) -> None:
    assert await answered(http, keyed.form(client_id=keyed.client_id)) == (200, None)


async def test_a_key_needs_no_name_where_only_one_is_possible(http: AsyncClient, keyed: Keyed) -> None:
    assert await answered(http, keyed.form(keyed.assertion(header={"kid": None}))) == (200, None)


async def test_of_several_keys_the_assertion_names_one(http: AsyncClient, acme: Organisation, clock: Clock) -> None:
    old, new = pair(), pair()
    client_id = (await keyed_service(acme, clock, jwks={"keys": [old.jwk, new.jwk]})).client_id

    named = [await answered(http, Keyed(client_id, clock, key).form()) for key in (old, new)]
    rolling = Keyed(client_id, clock, new)
    unnamed = await answered(http, rolling.form(rolling.assertion(header={"kid": None})))

    assert named == [(200, None), (200, None)]
    assert unnamed == (401, "invalid_client")


@pytest.mark.parametrize(("seconds", "expected"), [(-59, 200), (-61, 401), (360, 200), (361, 401)])
async def test_it_lives_five_minutes_give_or_take_a_clock(
    http: AsyncClient, keyed: Keyed, clock: Clock, seconds: int, expected: int
) -> None:
    expires = int(clock().timestamp()) + seconds

    status, _ = await answered(http, keyed.form(keyed.assertion(exp=expires, iat=None)))

    assert status == expected


async def test_introspection_and_revocation_take_it_too(
    http: AsyncClient, acme: Organisation, keyed: Keyed, signing_desk: Desk
) -> None:
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    started = await start(signing_desk, ana, bob)

    told = await http.post("/oauth2/v1/introspect", data={"token": started.access.token} | keyed.proof())
    own = (await ask(http, keyed.form())).json()["access_token"]
    given_back = await http.post("/oauth2/v1/revoke", data={"token": own} | keyed.proof())

    assert told.json()["active"] is True
    # Proven, and then told that a service's own token cannot be given back.
    assert given_back.json()["error"] == "unsupported_token_type"


async def test_keys_are_fetched_from_where_the_client_publishes_them(
    http: AsyncClient, acme: Organisation, clock: Clock, idp: Provider
) -> None:
    client_id = await acme.client("remote", kind="service", scopes=["root"], jwks_uri=idp.jwks_uri)
    remote = Keyed(client_id, clock, idp.key)

    answers = [await answered(http, remote.form()) for _ in range(2)]

    assert answers == [(200, None), (200, None)]
    assert idp.asked == 1


@pytest.mark.parametrize("header", [{"kid": None}, {"kid": "another"}, {"alg": "HS256"}], ids=str)
async def test_a_key_that_is_not_published_proves_nothing(
    http: AsyncClient, acme: Organisation, clock: Clock, idp: Provider, header: dict[str, object]
) -> None:
    client_id = await acme.client("remote", kind="service", scopes=["root"], jwks_uri=idp.jwks_uri)
    remote = Keyed(client_id, clock, idp.key)

    assert await answered(http, remote.form(remote.assertion(header=header))) == (401, "invalid_client")


async def test_keys_out_of_reach_are_nobodys_bad_signature(
    http: AsyncClient, acme: Organisation, clock: Clock, idp: Provider
) -> None:
    idp.status = 500
    client_id = await acme.client("remote", kind="service", scopes=["root"], jwks_uri=idp.jwks_uri)

    answer = await ask(http, Keyed(client_id, clock, idp.key).form())

    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("sent", ["client_assertion", "client_assertion_type"])
async def test_half_of_the_method_is_no_method(http: AsyncClient, keyed: Keyed, sent: str) -> None:
    form = {name: value for name, value in keyed.form().items() if name in {"grant_type", sent}}

    assert await answered(http, form) == (400, "invalid_request")


async def test_a_secret_goes_on_beside_a_key(http: AsyncClient, acme: Organisation) -> None:
    client_id = await acme.client("both", kind="service", scopes=["root"])

    answer = await http.post("/oauth2/v1/token", data={"grant_type": "client_credentials"}, auth=(client_id, SECRET))

    assert answer.status_code == 200


async def test_the_metadata_names_the_method_and_its_algorithms(http: AsyncClient) -> None:
    answer = (await http.get("/.well-known/oauth-authorization-server")).json()

    for endpoint in ("token", "introspection", "revocation"):
        assert "private_key_jwt" in answer[f"{endpoint}_endpoint_auth_methods_supported"]
        assert answer[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] == sorted(tokens.VERIFIABLE)


async def test_another_kind_of_assertion_is_not_understood(http: AsyncClient, keyed: Keyed) -> None:
    saml = JWT_BEARER.replace("jwt-bearer", "saml2-bearer")

    assert await answered(http, keyed.form() | {"client_assertion_type": saml}) == (401, "invalid_client")
