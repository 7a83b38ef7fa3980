"""A start's client and policy are not asked for again while the tenant has not changed, and at once where it has."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Organisation, make_tenant
from conftest import ActingAs
from impersonator_api.directory.tables import clients, tenants
from statements import statements_of


class Desk:
    """Somebody of support who starts sessions of one client, one after the other."""

    def __init__(self, acme: Organisation, http: AsyncClient, target: str, client: str) -> None:
        self.acme, self.http, self.wish = acme, http, {"target_user_id": target, "client_id": client}

    async def start(self) -> Response:
        started = await self.http.post("/api/admin/impersonate", json=self.wish)
        await self.http.post("/api/admin/impersonate/end")
        return started

    async def switch_client_off(self) -> None:
        await self.acme.change(clients, clients.c.client_id == self.wish["client_id"], status="suspended")
        async with self.acme.engine.begin() as db:
            await db.execute(
                update(tenants).where(tenants.c.id == self.acme.id).values(revision=tenants.c.revision + 1)
            )


@pytest.fixture
async def support(engine: AsyncEngine, acting_as: ActingAs) -> Desk:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    support = Desk(acme, await acting_as(ana), str(bob.id), await acme.client("spa"))
    assert (await support.start()).is_success
    return support


async def test_client_and_policy_are_not_asked_for_again(app: FastAPI, support: Desk) -> None:
    assert (await support.start()).is_success

    async with statements_of(app.state.office.pattern.engine) as sent:
        assert (await support.start()).is_success

    assert "policies" not in sent[0].query
    assert "FROM clients" not in sent[0].query


async def test_a_change_is_seen_at_the_next_start(support: Desk) -> None:
    assert (await support.start()).is_success

    await support.switch_client_off()

    refused = await support.start()
    assert refused.status_code == 403
    assert refused.json()["law"] == "client-active"


async def test_a_client_that_nobody_has_is_not_remembered(support: Desk) -> None:
    support.wish["client_id"] = f"nobody-{uuid4()}"

    answers = [await support.start() for _ in range(2)]

    assert {answer.json()["code"] for answer in answers} == {"client-unknown"}
