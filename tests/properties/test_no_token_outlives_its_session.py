"""Whatever happens to a session, no token of it lives longer or reaches further than the session."""

import httpx
from hypothesis import HealthCheck, given, settings
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import audit_of
from conftest import Clock
from impersonator_api.work import Desk
from properties.lives import GRANTED, LIVES, Event, Life, begin, live

a_few_lives = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

ACCESS_TOKEN_LIVES = 300


@a_few_lives
@given(events=LIVES)
async def test_no_token_outlives_or_outscopes_its_session(
    engine: AsyncEngine, signing_desk: Desk, http: httpx.AsyncClient, clock: Clock, events: list[tuple[Event, int]]
) -> None:
    life = await live(await begin(engine, signing_desk, http, clock), events)

    session = await life.row()
    for token in life.tokens:
        assert token.claims["iat"] <= token.claims["exp"] <= session.expires_at.timestamp()
        assert set(token.claims["scope"].split()) <= set(session.scopes)
        if token.kind != "refresh":
            assert token.claims["exp"] <= token.claims["iat"] + ACCESS_TOKEN_LIVES
            assert set(token.claims["permissions"]) <= set(GRANTED)


@a_few_lives
@given(events=LIVES)
async def test_what_is_over_stays_over(
    engine: AsyncEngine, signing_desk: Desk, http: httpx.AsyncClient, clock: Clock, events: list[tuple[Event, int]]
) -> None:
    life = await begin(engine, signing_desk, http, clock)
    is_over = False

    for event, number in events:
        answered = len(life.answers)
        await event(life, number)
        assert not is_over or {answer.status_code for _, answer in life.answers[answered:]} <= {400, 401}
        is_over = is_over or await has_ended(life)

    assert await has_ended(life) == is_over
    ends = [entry for entry in await audit_of(engine, life.acme) if entry.action == "session.ended"]
    assert len(ends) == ((await life.row()).status == "ended")


async def has_ended(life: Life) -> bool:
    """Whether the session is over, written down or not."""
    session = await life.row()
    return bool(session.status == "ended" or session.expires_at <= life.clock())
