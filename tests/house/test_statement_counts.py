"""How many statements a request may cost (design §11). More is a decision, not an accident."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Someone, make_tenant, ordinary_token
from conftest import ActingAs
from impersonator_api.work import Desk


@contextmanager
def counted(app: FastAPI) -> Iterator[list[str]]:
    """The statements that the application sends meanwhile."""
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    engine = app.state.office.pattern.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def two_people(engine: AsyncEngine) -> tuple[Someone, Someone]:
    acme = await make_tenant(engine)
    return await acme.person("ana", "super_admin"), await acme.person("bob", "customer")


async def test_a_start_takes_three(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)

    with counted(app) as statements:
        (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    assert len(statements) == 3


async def test_a_start_that_replaces_another_takes_three(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs
) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    with counted(app) as statements:
        (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    assert len(statements) == 3


async def test_an_end_takes_two(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    with counted(app) as statements:
        (await http.post("/api/admin/impersonate/end")).raise_for_status()

    assert len(statements) == 2


async def test_a_list_takes_two(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    for _ in range(5):
        (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()

    with counted(app) as statements:
        (await http.get("/api/admin/impersonate/sessions", params={"limit": 3})).raise_for_status()

    assert len(statements) == 2


async def test_a_refresh_takes_two(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    spa = await ana.tenant.client("spa")
    wish = {"target_user_id": str(bob.id), "client_id": spa}
    started = (await http.post("/api/admin/impersonate", json=wish)).raise_for_status().json()
    del http.headers["Authorization"]
    form = {"grant_type": "refresh_token", "refresh_token": started["refresh_token"], "client_id": spa}

    with counted(app) as statements:
        (await http.post("/oauth2/v1/token", data=form)).raise_for_status()

    assert len(statements) == 2


async def test_userinfo_takes_one(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    started = (
        (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status().json()
    )
    bearer = {"Authorization": f"Bearer {started['access_token']}"}

    with counted(app) as statements:
        (await http.get("/oauth2/v1/userinfo", headers=bearer)).raise_for_status()

    assert len(statements) == 1


async def test_client_credentials_take_one(app: FastAPI, engine: AsyncEngine, http: AsyncClient) -> None:
    acme = await make_tenant(engine)
    backend = await acme.client("backoffice", kind="service", scopes=["root"])

    with counted(app) as statements:
        form = {"grant_type": "client_credentials"}
        (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).raise_for_status()

    assert len(statements) == 1


async def test_a_hand_over_to_a_spa_takes_four(
    app: FastAPI, engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    ana, bob = await two_people(engine)
    spa = await ana.tenant.client("spa")
    backend = await ana.tenant.client("backoffice", kind="service", scopes=["root"])
    form = {"grant_type": "client_credentials"}
    own = (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).json()["access_token"]
    body = {"impersonatorToken": await ordinary_token(signing_desk, ana)}

    with counted(app) as statements:
        path = f"/api/v1/users/{bob.id}/impersonation/{spa}"
        (await http.post(path, json=body, headers={"Authorization": f"Bearer {own}"})).raise_for_status()

    assert len(statements) == 4


async def test_an_introspection_takes_one(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    ana, bob = await two_people(engine)
    http = await acting_as(ana)
    inspector = await ana.tenant.client("inspector", kind="service", scopes=["introspect"])
    started = (await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})).raise_for_status()
    del http.headers["Authorization"]
    form = {"token": started.json()["refresh_token"]}

    with counted(app) as statements:
        answer = (await http.post("/oauth2/v1/introspect", data=form, auth=(inspector, SECRET))).raise_for_status()

    assert answer.json()["active"] is True
    assert len(statements) == 1
