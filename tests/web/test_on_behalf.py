"""Service to service as seed 001 has it: the order of its checks, and what each refuses."""

from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, Someone, make_tenant, ordinary_token, start
from impersonator_api.directory.tables import users
from impersonator_api.work import Desk


class Cast:
    """A tenant with an admin, a customer, a SPA, a service, and the service's token."""

    def __init__(self, acme: Organisation, http: AsyncClient, desk: Desk) -> None:
        self.acme, self.http, self.desk = acme, http, desk

    async def assemble(self, scope: str = "root") -> "Cast":
        self.ana = await self.acme.person("ana", "super_admin")
        self.bob = await self.acme.person("bob", "customer")
        self.spa = await self.acme.client("dashboard", number=7, refresh_policy="reuse")
        self.backend = await self.acme.client("backoffice", kind="service", scopes=[scope])
        form = {"grant_type": "client_credentials"}
        answer = await self.http.post("/oauth2/v1/token", data=form, auth=(self.backend, SECRET))
        self.bearer = answer.json()["access_token"]
        return self

    async def token(self, someone: Someone | None = None, **claims: Any) -> str:
        return await ordinary_token(self.desk, someone or self.ana, **claims)

    async def ask(
        self, body: Any, *, user: str | None = None, app: str | None = None, bearer: str | None = None
    ) -> Response:
        path = f"/api/v1/users/{user or self.bob.id}/impersonation/{app or self.spa}"
        headers = {"Authorization": f"Bearer {bearer or self.bearer}"}
        return await self.http.post(path, json=body, headers=headers)


@pytest.fixture
async def cast(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> Cast:
    return await Cast(await make_tenant(engine), http, signing_desk).assemble()


@pytest.mark.parametrize("name", ["7", "client_id"])
async def test_an_app_is_named_by_number_or_client_id(cast: Cast, name: str) -> None:
    answer = await cast.ask({"impersonatorToken": await cast.token()}, app=cast.spa if name == "client_id" else name)

    assert answer.status_code == 200
    assert answer.json().keys() == {"refresh_token", "refresh_token_expires_in", "refresh_token_expires_on"}


async def test_only_a_service_with_the_scope_may_ask(cast: Cast) -> None:
    body = {"impersonatorToken": await cast.token()}

    nobody = await cast.http.post(f"/api/v1/users/{cast.bob.id}/impersonation/{cast.spa}", json=body)
    person = await cast.ask(body, bearer=await cast.token())

    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert (person.status_code, person.json()["code"]) == (403, "impersonation-not-permitted")


async def test_a_service_without_root_is_refused(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> None:
    cast = await Cast(await make_tenant(engine), http, signing_desk).assemble(scope="read_user")

    answer = await cast.ask({"impersonatorToken": await cast.token()})

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-not-permitted")


@pytest.mark.parametrize("body", [{}, {"impersonatorToken": 7}, {"impersonatorToken": None}, {"impersonatorToken": ""}])
async def test_a_missing_impersonator_token_is_400(cast: Cast, body: Any) -> None:
    answer = await cast.ask(body)

    assert (answer.status_code, answer.json()["code"]) == (400, "impersonator-token-missing")


async def test_a_token_that_is_no_persons_is_401(cast: Cast) -> None:
    tokens = {"garbage": "abc", "service": cast.bearer, "scopeless": await cast.token(scope="")}
    tokens["refresh"] = (await start(cast.desk, cast.ana, cast.bob)).refresh.token

    answers = {kind: await cast.ask({"impersonatorToken": token}) for kind, token in tokens.items()}

    assert {kind: answer.status_code for kind, answer in answers.items()} == dict.fromkeys(tokens, 401)


async def test_an_impersonation_token_starts_nothing(cast: Cast) -> None:
    started = await start(cast.desk, cast.ana, cast.bob)
    carol = await cast.acme.person("carol", "customer")

    answer = await cast.ask({"impersonatorToken": started.access.token}, user=str(carol.id))

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-token-not-allowed")


@pytest.mark.parametrize(
    ("user", "client", "status", "code"),
    [
        ("nobody", None, 404, "target-unknown"),
        (None, "nothing", 404, "client-unknown"),
        (None, "99", 404, "client-unknown"),
        (None, "backoffice", 400, "client-not-spa"),
        ("ana", None, 400, "cannot-impersonate-self"),
    ],
)
async def test_user_and_app_must_be_there_and_fit(
    cast: Cast, user: str | None, client: str | None, status: int, code: str
) -> None:
    named = {"ana": str(cast.ana.id), "backoffice": cast.backend}

    answer = await cast.ask(
        {"impersonatorToken": await cast.token()}, user=named.get(user or "", user), app=named.get(client or "", client)
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_rights_come_from_the_directory_not_from_the_token(cast: Cast) -> None:
    dora = await cast.acme.person("dora", "customer")

    answer = await cast.ask({"impersonatorToken": await cast.token(dora)})

    assert (answer.status_code, answer.json()["law"]) == (403, "has-the-right")


async def test_consent_is_asked_for_here_too(cast: Cast) -> None:
    wallet = await cast.acme.client("wallet", consent_required=True)
    body = {"impersonatorToken": await cast.token()}

    without = await cast.ask(body, app=wallet)
    await cast.acme.consent(cast.bob, wallet, ["profile"])
    with_too_little = await cast.ask(body, app=wallet)

    assert without.status_code == with_too_little.status_code == 403
    assert without.json()["code"] == with_too_little.json()["code"] == "consent-required"


async def test_a_suspended_impersonator_is_refused(cast: Cast) -> None:
    token = await cast.token()
    await cast.acme.change(users, users.c.id == cast.ana.id, status="suspended")

    answer = await cast.ask({"impersonatorToken": token})

    assert answer.status_code in {401, 403}
    assert "refresh_token" not in answer.text


async def test_another_tenants_impersonator_is_refused(cast: Cast, engine: AsyncEngine) -> None:
    globex = await make_tenant(engine, "globex")
    eve = await globex.person("eve", "super_admin")

    answer = await cast.ask({"impersonatorToken": await cast.token(eve)})

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-not-permitted")


async def test_it_counts_against_the_person(cast: Cast) -> None:
    first = (await cast.ask({"impersonatorToken": await cast.token()})).json()["refresh_token"]
    await cast.ask({"impersonatorToken": await cast.token()})

    answer = await cast.http.post("/oauth2/v1/token", data={"grant_type": "refresh_token", "refresh_token": first})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
