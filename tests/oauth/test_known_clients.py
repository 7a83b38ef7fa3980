"""A client is not asked for again while its tenant has not changed, and at once where it has."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, make_tenant
from conftest import Clock
from impersonator_api.directory.known import KEPT_FOR
from impersonator_api.directory.tables import clients, tenants
from statements import statements_of


@pytest.fixture
async def acme(engine: AsyncEngine) -> Organisation:
    return await make_tenant(engine)


@pytest.fixture
async def service(acme: Organisation) -> str:
    return await acme.client("backend", kind="service", scopes=["root"])


async def status_of(http: AsyncClient, service: str, secret: str = SECRET) -> int:
    form = {"grant_type": "client_credentials"}
    return (await http.post("/oauth2/v1/token", data=form, auth=(service, secret))).status_code


async def test_a_client_is_not_asked_for_again_while_nothing_changed(
    app: FastAPI, http: AsyncClient, service: str
) -> None:
    first = await status_of(http, service)

    async with statements_of(app.state.office.pattern.engine) as sent:
        second = await status_of(http, service)

    assert (first, second) == (200, 200)
    assert len(sent) == 1
    assert "secret_digests" not in sent[0].query


async def test_whoever_is_known_still_needs_the_secret(http: AsyncClient, service: str) -> None:
    statuses = [await status_of(http, service, secret) for secret in (SECRET, "another", SECRET)]

    assert statuses == [200, 401, 200]


CHANGES: dict[str, tuple[Any, dict[str, Any]]] = {
    "the client is suspended": (clients, {"status": "suspended"}),
    "the secret is another": (clients, {"secret_digests": [b"\0" * 32]}),
    "the tenant is suspended": (tenants, {"status": "suspended"}),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_is_seen_at_the_next_request(
    http: AsyncClient, acme: Organisation, service: str, change: str
) -> None:
    table, values = CHANGES[change]
    before = await status_of(http, service)

    condition = table.c.id == (acme.id if table is tenants else acme.client_ids[service])
    await acme.change(table, condition, **values)

    assert [before, await status_of(http, service), await status_of(http, service)] == [200, 401, 401]


async def test_what_was_written_past_the_service_is_seen_within_a_minute(
    http: AsyncClient, acme: Organisation, service: str, clock: Clock
) -> None:
    before = await status_of(http, service)
    async with acme.engine.begin() as db:
        await db.execute(update(clients).where(clients.c.client_id == service).values(status="suspended"))

    meanwhile = await status_of(http, service)
    clock.forward(seconds=KEPT_FOR.total_seconds())

    assert [before, meanwhile, await status_of(http, service)] == [200, 200, 401]
