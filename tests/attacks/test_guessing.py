"""Attacks that need many attempts."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import audit_of, make_tenant, ordinary_token
from conftest import Clock
from impersonator_api.work import Desk
from limited import HERE, Visitor, limited

PROXY = "10.0.0.1"


@pytest.fixture
async def app(database_url: str, clock: Clock) -> AsyncIterator[FastAPI]:
    """An application that lets an address fail eight times a minute, behind a proxy that it trusts."""
    async with limited(database_url, clock, trusted_proxies=(ip_network("10.0.0.0/8"),)) as app:
        yield app


@pytest.fixture
async def service(engine: AsyncEngine) -> str:
    """A confidential client's id."""
    return await (await make_tenant(engine)).client("backend", kind="service", scopes=["root"])


async def guesses(visitor: Visitor, times: int) -> list[int]:
    """Whether secrets of made-up clients were looked at."""
    return [(await visitor.as_client(f"made-up-{uuid4()}")).status_code for _ in range(times)]


async def test_made_up_clients_do_not_get_round_the_limit(app: FastAPI, service: str) -> None:
    visitor = Visitor(app)

    statuses = await guesses(visitor, 10)
    answer = await visitor.as_client(service)

    assert statuses == [401] * 8 + [429] * 2
    assert answer.status_code == 429


async def test_a_made_up_forwarded_for_does_not_get_round_the_limit(app: FastAPI, service: str) -> None:
    statuses = [
        status for n in range(4) for status in await Visitor(app, HERE, **forwarded(f"203.0.113.{n}")).fail(1, service)
    ]

    assert statuses == [401, 401, 401, 429]


async def test_behind_a_trusted_proxy_everybody_has_an_own_limit(app: FastAPI, service: str) -> None:
    statuses = [
        status for n in range(4) for status in await Visitor(app, PROXY, **forwarded(f"203.0.113.{n}")).fail(1, service)
    ]

    assert statuses == [401] * 4


async def test_a_proxy_cannot_be_given_an_address_to_lock_out(app: FastAPI, service: str) -> None:
    liar = Visitor(app, PROXY, **forwarded(f"{HERE}, 203.0.113.9"))

    await liar.fail(4, service)

    assert (await Visitor(app).as_client(service)).status_code == 200


async def test_a_network_of_ipv6_addresses_is_one(app: FastAPI, service: str) -> None:
    statuses = [status for n in range(4) for status in await Visitor(app, f"2001:db8:1:2::{n:x}").fail(1, service)]
    answer = await Visitor(app, "2001:db8:1:3::1").as_client(service)

    assert statuses == [401, 401, 401, 429]
    assert answer.status_code == 200


async def test_an_ipv4_address_is_the_same_in_ipv6_clothes(app: FastAPI, service: str) -> None:
    await Visitor(app).fail(3, service)

    answer = await Visitor(app, f"::ffff:{HERE}").as_client(service)

    assert answer.status_code == 429


async def test_another_sites_page_cannot_lock_a_visitor_out(
    app: FastAPI, engine: AsyncEngine, signing_desk: Desk
) -> None:
    ana = await (await make_tenant(engine)).person("ana", "super_admin")
    visitor, token = Visitor(app), await ordinary_token(signing_desk, ana)
    cross_site = {"Cookie": f"auth_token={token}", "Sec-Fetch-Site": "cross-site"}

    attempts = [await visitor.http.post("/api/admin/impersonate", headers=cross_site) for _ in range(12)]
    answer = await visitor.with_token(token, "/impersonation/active")

    assert {attempt.status_code for attempt in attempts} == {403}
    assert answer.status_code == 200


async def test_another_sites_pictures_cannot_have_a_visitor_refused_until_he_must_wait(
    app: FastAPI, engine: AsyncEngine, signing_desk: Desk
) -> None:
    acme = await make_tenant(engine)
    bob = await acme.person("bob", "customer")
    visitor, token = Visitor(app), await ordinary_token(signing_desk, bob)
    cross_site = {"Cookie": f"auth_token={token}", "Sec-Fetch-Site": "cross-site"}

    attempts = [await visitor.http.get("/api/admin/impersonate/sessions", headers=cross_site) for _ in range(7)]
    answer = await visitor.with_token(token)

    assert {attempt.json()["code"] for attempt in attempts} == {"csrf"}
    assert answer.status_code == 200
    assert await audit_of(engine, acme) == []


def forwarded(address: str) -> dict[str, str]:
    """What a proxy, or a liar, sends along."""
    return {"X-Forwarded-For": address}
