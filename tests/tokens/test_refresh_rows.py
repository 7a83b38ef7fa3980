"""Refresh tokens in the database: used once, followed by one successor, whoever comes at the same time."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import make_tenant, start
from conftest import Clock
from impersonator_api import tokens
from impersonator_api.questions import alone
from impersonator_api.tokens import MintedRefresh, RefreshState, RefreshToken
from impersonator_api.tokens.tables import refresh_tokens
from impersonator_api.work import Desk, Work


async def first_token(engine: AsyncEngine, desk: Desk) -> RefreshToken:
    """The refresh token of a session that has just begun."""
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    refresh = (await start(desk, ana, bob)).refresh
    assert isinstance(refresh, MintedRefresh)
    return refresh.row


async def rotate(work: Work, token: RefreshToken) -> UUID | None:
    """What a refresh does to the rows; answers the successor's id, or `None` for whoever came too late."""
    state = await find(work, token.id)
    assert state is not None
    if state.used_at is not None:
        return None
    successor = replace(token, id=work.new_id(), issued_at=work.now)
    used = tokens.refresh_token_used(token.id, successor_id=successor.id, now=work.now)
    work.write(used, tokens.refresh_token_inserted(successor))
    return successor.id


async def find(work: Work, jti: UUID) -> RefreshState | None:
    row: dict[str, Any] | None = (await work.read(alone(tokens.refresh_token_json(jti)))).scalar_one()
    state = tokens.refresh_state_from(row)
    return None if state is None else await tokens.with_successor(work, state)


async def test_a_new_token_is_unused(engine: AsyncEngine, signing_desk: Desk) -> None:
    token = await first_token(engine, signing_desk)

    state = await signing_desk.run(find, token.id)

    assert state == RefreshState(
        id=token.id, session_id=token.session_id, family_id=token.family_id, used_at=None, successor_id=None
    )


async def test_a_token_that_was_never_stored_is_not_found(signing_desk: Desk) -> None:
    assert await signing_desk.run(find, uuid4()) is None


async def test_a_used_token_knows_its_successor(engine: AsyncEngine, signing_desk: Desk, clock: Clock) -> None:
    token = await first_token(engine, signing_desk)

    await signing_desk.run(rotate, token)

    state = await signing_desk.run(find, token.id)
    assert state is not None
    assert state.successor is not None
    assert (state.used_at, state.successor.used_at) == (clock.moment, None)
    assert state.successor.claims == token.claims


async def test_twenty_uses_at_once_leave_one_successor(engine: AsyncEngine, signing_desk: Desk) -> None:
    token = await first_token(engine, signing_desk)

    answers = await asyncio.gather(*(signing_desk.run(rotate, token) for _ in range(20)))

    (winner,) = [answer for answer in answers if answer is not None]
    async with engine.connect() as db:
        family = await db.scalars(select(refresh_tokens.c.id).where(refresh_tokens.c.family_id == token.family_id))
        assert set(family) == {token.id, winner}


async def test_a_refresh_tokens_claims_do_not_show_in_logs(engine: AsyncEngine, signing_desk: Desk) -> None:
    token = await first_token(engine, signing_desk)

    assert "impersonated_by" not in repr(token)
