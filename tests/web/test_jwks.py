"""How verifiers get our keys, and how long they may keep them."""

import httpx
import pytest
from fastapi import FastAPI

from conftest import Clock
from impersonator_api.tokens import KeyRing
from impersonator_api.work import Origin

JWKS = "/.well-known/jwks.json"


@pytest.fixture
async def fresh(app: FastAPI, http: httpx.AsyncClient) -> httpx.AsyncClient:
    """A replica that has just looked at the database."""
    desk = app.state.office.desk(Origin(request_id="fresh"))
    await desk.run(desk.services.get(KeyRing).refresh)
    return http


async def test_keys_may_be_kept_for_the_span_of_the_settings(fresh: httpx.AsyncClient) -> None:
    answer = await fresh.get(JWKS)

    assert answer.headers["Cache-Control"] == "public, max-age=300"


async def test_keys_of_a_replica_that_fell_behind_are_not_kept(fresh: httpx.AsyncClient, clock: Clock) -> None:
    clock.forward(minutes=1)
    in_time = await fresh.get(JWKS)
    clock.forward(seconds=1)

    behind = await fresh.get(JWKS)

    assert in_time.headers["Cache-Control"] == "public, max-age=300"
    assert (behind.status_code, behind.headers["Cache-Control"]) == (200, "public, max-age=0")


@pytest.mark.parametrize("held", ["{}", "W/{}", '"older", {}', "*"])
async def test_who_has_the_keys_is_told_to_keep_them_on(fresh: httpx.AsyncClient, held: str) -> None:
    first = await fresh.get(JWKS)

    again = await fresh.get(JWKS, headers={"If-None-Match": held.format(first.headers["ETag"])})

    assert (again.status_code, again.content) == (304, b"")
    assert {again.headers[name] for name in ("ETag", "Cache-Control")} == {
        first.headers[name] for name in ("ETag", "Cache-Control")
    }


async def test_who_has_other_keys_gets_ours(fresh: httpx.AsyncClient) -> None:
    answer = await fresh.get(JWKS, headers={"If-None-Match": '"older"'})

    assert answer.json()["keys"]
