"""Whatever ends a session, everything that was made of it is dead at every door the moment after."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.causes import CAUSES, Cause
from attacks.crime import Crime, make_crime
from attacks.doors import Scene, bearer
from attacks.routes import ROUTES
from attacks.token_kinds import KINDS
from attacks.token_places import PLACES, told
from attacks.token_uses import MEANT_FOR, NOT_HERE, TOLD_WHY
from builders import session_row
from callers.conftest import Provider
from conftest import Clock
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.work import Desk

OF_THE_SESSION = ("impersonation", "handed_on", "bound", "refresh", "bound_refresh", "handover_code")
"""Kinds of token that die with it."""

GONE = frozenset({"active", "context", "all_active", "list_active_sessions"})
"""Routes that tell of running sessions alone."""

LOOKS = {
    "ana": {"active", "context", "history"},
    "lea": {"find", "show", "all_active"},
    "panel": {"list_active_sessions"},
}
ENDS = {"ana": {"stop"}, "lea": {"stop"}, "panel": {"end_active_session"}}
"""How those look at a session, and end it, who come as themselves."""

OVER = "409 session-already-ended"

MakeCrime = Callable[[Cause], Awaitable[Crime]]
Tokens = dict[str, str]


@pytest.fixture
def make(scene: Scene, signing_desk: Desk, clock: Clock, idp: Provider) -> MakeCrime:
    """Begins what a cause ends."""

    async def begin(cause: Cause) -> Crime:
        return await make_crime(scene, signing_desk, clock, idp, workspace=cause.in_a_workspace)

    return begin


async def tokens_of(crime: Crime) -> Tokens:
    """Everything that was made of the session, by kind."""
    return {kind: await KINDS[kind](crime) for kind in OF_THE_SESSION}


def uses() -> Iterator[tuple[str, str]]:
    """Where such a token opened something while its session ran."""
    for kind in OF_THE_SESSION:
        yield from ((kind, place) for place in MEANT_FOR[kind] if not place.startswith("idempotency_key"))


def doors() -> Iterator[tuple[str, str]]:
    """The same, and the doors where it was known and turned away."""
    yield from uses()
    yield from (("impersonation", place) for place, why in TOLD_WHY["impersonation"].items() if why == NOT_HERE)


def dead(cause: Cause, place: str) -> str:
    """How a token of a session that is over is answered: as one that is good for nothing."""
    return cause.also.get(place) or PLACES[place].after_the_end or PLACES[place].refusal


@pytest.mark.parametrize("name", CAUSES)
async def test_every_token_of_an_ended_session_is_dead_at_every_door(
    engine: AsyncEngine, make: MakeCrime, name: str
) -> None:
    cause = CAUSES[name]
    crime = await make(cause)
    tokens = await tokens_of(crime)
    await cause.happen(crime)

    answers = {(kind, place): await PLACES[place].outcome(crime, tokens[kind]) for kind, place in doors()}

    assert {pair: outcome for pair, (outcome, _) in answers.items()} == {
        (kind, place): dead(cause, place) for kind, place in answers
    }
    assert not [pair for pair, (_, answer) in answers.items() if "eyJ" in answer.text]
    row = await session_row(engine, crime.started["session_id"])
    assert (row.end_reason or "expired") == cause.reason


@pytest.mark.parametrize("name", [name for name, cause in CAUSES.items() if cause.by_a_change])
async def test_every_door_notices_by_itself_what_a_change_forbids(
    engine: AsyncEngine, make: MakeCrime, name: str
) -> None:
    cause = CAUSES[name]
    crime = await make(cause)
    tokens = await tokens_of(crime)
    await cause.happen(crime)

    seen: dict[tuple[str, str], str] = {}
    for kind, place in uses():
        await as_if_nobody_had_ended_it(engine, crime)
        seen[kind, place], _ = await PLACES[place].outcome(crime, tokens[kind])
        if place not in {*cause.also, "token_at_revocation"}:
            assert (await session_row(engine, crime.started["session_id"])).end_reason == cause.reason

    assert seen == {(kind, place): dead(cause, place) for kind, place in seen}


async def as_if_nobody_had_ended_it(engine: AsyncEngine, crime: Crime) -> None:
    """Threat: whoever changes something forgets to end what it forbids."""
    sessions = impersonation_sessions
    running = {"status": "active", "end_reason": None, "ended_at": None, "ended_by": None}
    async with engine.begin() as db:
        await db.execute(update(sessions).where(sessions.c.id == crime.session_id).values(running))


@pytest.mark.parametrize("name", CAUSES)
async def test_an_ended_session_is_told_as_ended_and_is_neither_ended_nor_begun_again(
    make: MakeCrime, name: str
) -> None:
    cause = CAUSES[name]
    crime = await make(cause)
    await cause.happen(crime)
    if cause.is_noticed_late:
        await PLACES["userinfo"].ask(crime, crime.started["access_token"])
    tokens = {"ana": await crime.token_of(crime.scene.ana), "lea": await crime.token_of(crime.lea)}

    answers = {
        (who, route): await ROUTES[route].send(crime.doors.http, crime.names, bearer(token))
        for who, token in (tokens | {"panel": crime.service_token}).items()
        for route in LOOKS[who] | ENDS[who]
    }
    again = await crime.started_again(tokens["ana"])

    over = [cause.everybody or f"ended {cause.reason}"] * 2
    assert [last_word(crime, answers["lea", route]) for route in ("find", "show")] == over
    assert not [
        (who, route) for who, route in answers if route in GONE and crime.session_id in answers[who, route].text
    ]
    assert not [each for each in answers["ana", "history"].json().get("data", []) if runs(each, crime)]
    assert {told(answers[who, route]) for who in ("lea", "panel") for route in ENDS[who]} == {cause.everybody or OVER}
    assert told(answers["ana", "stop"]) == (cause.ana or OVER)
    assert told(again) == (cause.ana or "409 idempotency-session-over")


def runs(told_of: Mapping[str, Any], crime: Crime) -> bool:
    """Whether a session of a history is the one that is over, told as if it were not."""
    return bool(told_of["id"] == crime.session_id and told_of["isActive"])


def last_word(crime: Crime, answer: httpx.Response) -> str:
    """What is told of the session that is over, in a list or by itself."""
    body = answer.json()
    if answer.status_code != httpx.codes.OK:
        return told(answer)
    (session,) = (each for each in body.get("sessions", [body]) if each["id"] == crime.session_id)
    return "active" if session["is_active"] else f"{session['status']} {session['end_reason']}"
