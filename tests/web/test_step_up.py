"""Who must log in again before he may act: what each door tells him (RFC 9470 §3)."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, SUPPORT_POLICY, Organisation, Someone, audit_of, make_tenant, ordinary_token
from conftest import ActingAs, Clock
from impersonator_api.work import Desk

ASKED = {"acr_values": "mfa phr", "max_age": 900}
CHALLENGE = (
    'Bearer error="insufficient_user_authentication", error_description="Log in again: the rule admins asks for a'
    ' login by mfa or phr at most 15m before the start.", acr_values="mfa phr", max_age="900"'
)
DOORS = {"/api/admin/impersonate": "target_user_id", "/impersonation/start": "impersonatedUserId"}


@pytest.fixture
async def acme(engine: AsyncEngine) -> Organisation:
    """A tenant whose administrators act only after a strong login of the last quarter of an hour."""
    acme = await make_tenant(engine)
    step_up = {"acr": ["mfa", "phr"], "max_age": "15m"}
    await acme.policy({"version": 1, "rules": [{**SUPPORT_POLICY["rules"][0], "require": {"step_up": step_up}}]})
    return acme


@pytest.fixture
async def ana(acme: Organisation) -> Someone:
    """An administrator."""
    return await acme.person("ana", "super_admin")


@pytest.fixture
async def bob(acme: Organisation) -> Someone:
    """A customer."""
    return await acme.person("bob", "customer")


def refusal_in(answer: Response) -> tuple[int, str, dict[str, Any]]:
    problem = answer.json()
    return answer.status_code, problem["code"], {name: problem[name] for name in ASKED}


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize(
    "login", [{}, {"acr": "mfa"}, {"acr": "pwd", "auth_time": 0}, {"acr": "mfa", "auth_time": 901}]
)
async def test_a_weak_or_old_login_is_told_which_one_would_do(
    acting_as: ActingAs, clock: Clock, ana: Someone, bob: Someone, path: str, login: dict[str, Any]
) -> None:
    http = await acting_as(ana, **logged_in(clock, login))

    answer = await http.post(path, json={DOORS[path]: str(bob.id)})

    assert refusal_in(answer) == (401, "insufficient-user-authentication", ASKED)
    assert answer.headers["WWW-Authenticate"] == CHALLENGE


def logged_in(clock: Clock, login: dict[str, Any]) -> dict[str, Any]:
    """`auth_time` is so many seconds ago."""
    age = login.get("auth_time")
    return login if age is None else login | {"auth_time": int(clock().timestamp()) - age}


@pytest.mark.parametrize("path", DOORS)
async def test_a_strong_and_recent_login_starts(
    acting_as: ActingAs, clock: Clock, ana: Someone, bob: Someone, path: str
) -> None:
    http = await acting_as(ana, **logged_in(clock, {"acr": "phr", "auth_time": 890}))

    answer = await http.post(path, json={DOORS[path]: str(bob.id)})

    assert answer.is_success


async def test_the_audit_keeps_that_a_login_was_asked_for(
    engine: AsyncEngine, acting_as: ActingAs, acme: Organisation, ana: Someone, bob: Someone
) -> None:
    http = await acting_as(ana)

    await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id), "reason": "Locked out"})

    entry = (await audit_of(engine, acme))[-1]
    assert (entry.action, entry.code, entry.rule) == ("session.refused", "step-up-required", "admins")
    assert (entry.impersonator_id, entry.target_id, entry.reason) == (ana.id, bob.id, "Locked out")


async def test_service_to_service_it_is_the_persons_login_that_counts(
    http: AsyncClient, signing_desk: Desk, clock: Clock, acme: Organisation, ana: Someone, bob: Someone
) -> None:
    spa, backend = await acme.client("dashboard"), await acme.client("backoffice", kind="service", scopes=["root"])
    form = {"grant_type": "client_credentials"}
    token = (await http.post("/oauth2/v1/token", data=form, auth=(backend, SECRET))).json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    path = f"/api/v1/users/{bob.id}/impersonation/{spa}"
    now = int(clock().timestamp())
    tokens = [await ordinary_token(signing_desk, ana, acr=acr, auth_time=now) for acr in ("pwd", "mfa")]

    weak, strong = [await http.post(path, json={"impersonatorToken": each}) for each in tokens]

    assert (refusal_in(weak), strong.status_code) == ((401, "insufficient-user-authentication", ASKED), 200)


async def test_whom_one_could_act_as_after_another_login_is_still_shown(
    acting_as: ActingAs, ana: Someone, bob: Someone
) -> None:
    http = await acting_as(ana)

    shown = (await http.get("/impersonation/users")).json()["data"]
    asked = {"impersonatedUserId": str(bob.id)}
    checked = (await http.post("/impersonation/check-permissions", json=asked)).json()["data"]

    assert [user["id"] for user in shown] == [str(bob.id)]
    assert (checked["canImpersonate"], checked["obligations"]) == (True, ["step-up-required"])


@pytest.mark.parametrize("path", [*DOORS, "/api/v1/users/{user_id}/impersonation/{app_id}"])
def test_the_doors_that_start_document_it(room_app: FastAPI, path: str) -> None:
    unauthenticated = room_app.openapi()["paths"][path]["post"]["responses"]["401"]

    examples = unauthenticated["content"]["application/problem+json"]["examples"]
    assert examples["insufficient-user-authentication"]["value"]["acr_values"] == "mfa phr"
