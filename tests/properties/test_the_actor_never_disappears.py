"""Whatever happens to a session, each of its tokens says who is acting, in which session and as whom."""

from collections.abc import Mapping
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from conftest import Clock
from impersonator_api.work import Desk
from properties.lives import LIVES, Event, begin, live

CLIENTS = st.fixed_dictionaries(
    {"subject": st.sampled_from(["id", "external_id"]), "refresh_policy": st.sampled_from(["rotate", "reuse"])}
)

SAID = ("sid", "sub", "act", "impersonated_by", "impersonatedBy", "client_id", "tenant")

a_few_lives = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@a_few_lives
@given(events=LIVES, client=CLIENTS)
async def test_the_actor_never_disappears(
    engine: AsyncEngine,
    signing_desk: Desk,
    http: httpx.AsyncClient,
    clock: Clock,
    events: list[tuple[Event, int]],
    client: dict[str, Any],
) -> None:
    life = await live(await begin(engine, signing_desk, http, clock, **client), events)

    session = await life.row()
    actor = life.ana.external_id if client["subject"] == "external_id" else str(session.impersonator_id)
    first = life.tokens[0].claims
    assert (first["sid"], first["act"]["sub"], first["impersonated_by"]) == (str(session.id), actor, actor)
    for token in life.tokens:
        # A service that a token was handed on to holds it and acts; who acted before stays inside.
        taken_over = (
            {"client_id": life.service, "act": acting(life.service, first)} if token.kind == "handed on" else {}
        )
        assert {name: token.claims[name] for name in SAID} == {name: first[name] for name in SAID} | taken_over
    for door, answer in life.answers:
        if door == "userinfo" and answer.status_code == httpx.codes.OK:
            seen = answer.json()
            assert (seen["act"], seen["sid"], seen["sub"]) == (first["act"], first["sid"], first["sub"])


def acting(service: str, first: Mapping[str, Any]) -> dict[str, Any]:
    """The chain of a token that a service took over."""
    return {"sub": service, "iss": first["iss"], "act": first["act"]}
