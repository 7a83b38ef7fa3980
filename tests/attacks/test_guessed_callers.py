"""A guess who is calling decides nothing: a wrong one gives nobody another's rights, tenant or people."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Someone, active_sessions, make_tenant, start
from conftest import ActingAs, Clock
from impersonator_api.callers import Acquaintance, Acquaintances
from impersonator_api.directory import Person, Role, Status, Tenant
from impersonator_api.work import Desk

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def mislead(app: FastAPI, http: AsyncClient, guess: Someone, *roles: Role, seen_at: datetime = LONG_AGO) -> None:
    """Take the client's token for somebody else's, or for one of somebody with other rights."""
    token = http.headers["Authorization"].removeprefix("Bearer ")
    tenant = Tenant(guess.tenant.id, guess.tenant.slug, "Acme", Status.ACTIVE, 1, {})
    person = Person(guess.id, guess.tenant.id, guess.external_id, guess.email, None, Status.ACTIVE, roles)
    known = app.state.office.services.get(Acquaintances)
    known.put(sha256(token.encode()).digest(), Acquaintance(tenant, person, None), revision=0, now=seen_at)


@pytest.mark.parametrize("neighbour", ["of the tenant", "of another tenant"])
async def test_whoever_is_taken_for_another_acts_as_himself(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs, neighbour: str
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    other = acme if neighbour == "of the tenant" else await make_tenant(engine)
    guess = await other.person("eve", "super_admin")
    http = await acting_as(ana)
    mislead(app, http, guess)

    answer = await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})

    assert answer.raise_for_status().json()["session"]["impersonator_id"] == str(ana.id)
    assert await active_sessions(engine, guess) == []


async def test_a_guess_gives_nobody_the_right_to_start(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    http = await acting_as(bob)
    mislead(app, http, ana)

    answer = await http.post("/api/admin/impersonate", json={"target_user_id": str(bob.id)})

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-not-permitted")


async def test_a_guess_opens_no_other_tenant(app: FastAPI, engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme, rival = await make_tenant(engine), await make_tenant(engine)
    ana, eve = await acme.person("ana", "super_admin"), await rival.person("eve", "super_admin")
    theirs = await rival.person("carol", "customer")
    http = await acting_as(ana)
    mislead(app, http, eve)

    answer = await http.post("/api/admin/impersonate", json={"target_user_id": str(theirs.id)})

    assert answer.status_code == 404


async def test_a_guess_shows_nobody_the_sessions_of_others(
    app: FastAPI, engine: AsyncEngine, acting_as: ActingAs, signing_desk: Desk, clock: Clock
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    sam = await acme.person("sam", "support")
    await start(signing_desk, ana, bob)
    http = await acting_as(sam)
    mislead(app, http, sam, Role("super_admin", 100, frozenset({"*"})), seen_at=clock())

    answer = await http.get("/api/admin/impersonate/sessions")

    assert answer.raise_for_status().json()["sessions"] == []
