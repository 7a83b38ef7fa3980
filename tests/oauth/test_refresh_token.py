import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Someone, audit_of, ender_for, make_tenant, session_row, start
from conftest import Clock
from impersonator_api import oauth, sessions
from impersonator_api.directory.tables import tenants
from impersonator_api.errors import ServiceError
from impersonator_api.oauth import Presented, TokenAnswer, TokenRequest
from impersonator_api.oauth.grants.refresh_token import refresh_token
from impersonator_api.sessions import Started
from impersonator_api.tokens.tables import refresh_tokens
from impersonator_api.work import Desk, Work


async def set_up(engine: AsyncEngine, desk: Desk, **client: Any) -> tuple[Someone, str, Started]:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    spa = await acme.client("spa", **client)
    return ana, spa, await start(desk, ana, bob, client=spa)


async def refresh(desk: Desk, token: str, client_id: str | None, **parameters: str) -> TokenAnswer:
    form = {"grant_type": "refresh_token", "refresh_token": token, **parameters}
    request = TokenRequest(presented=Presented(client_id), parameters=form)
    return await desk.run(oauth.grant_of(request), request)


async def successors(engine: AsyncEngine, started: Started) -> int:
    async with engine.connect() as db:
        of_session = refresh_tokens.c.session_id == started.live.session.id
        count: int = (await db.execute(select(func.count()).where(of_session))).scalar_one()
        return count - 1


async def test_a_refresh_keeps_actor_session_and_mode(engine: AsyncEngine, signing_desk: Desk) -> None:
    ana, spa, started = await set_up(engine, signing_desk)

    answer = await refresh(signing_desk, started.refresh.token, spa)
    again = await refresh(signing_desk, answer.refresh.token, spa)  # type: ignore[union-attr]  # it rotates

    for claim in ("sub", "act", "sid", "mode", "impersonated_by", "scope", "aud", "client_id"):
        assert again.access.claims[claim] == started.access.claims[claim]
    assert again.access.claims["act"]["sub"] == str(ana.id)  # type: ignore[index]  # an object


async def test_a_refresh_is_in_the_audit(engine: AsyncEngine, signing_desk: Desk) -> None:
    ana, spa, started = await set_up(engine, signing_desk)

    await refresh(signing_desk, started.refresh.token, spa)

    actions = sorted(entry.action for entry in await audit_of(engine, ana.tenant))
    assert actions == ["session.refreshed", "session.started"]


async def test_a_reused_token_keeps_working_and_never_rotates(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock
) -> None:
    _, _, started = await set_up(engine, signing_desk, refresh_policy="reuse")

    answers = []
    for _ in range(3):
        clock.forward(minutes=1)
        answers.append(await refresh(signing_desk, started.refresh.token, None))

    assert [answer.refresh for answer in answers] == [None, None, None]
    assert await successors(engine, started) == 0


async def test_twenty_refreshes_at_once_leave_one_successor(engine: AsyncEngine, signing_desk: Desk) -> None:
    _, spa, started = await set_up(engine, signing_desk)

    attempts = [refresh(signing_desk, started.refresh.token, spa) for _ in range(20)]
    answers = await asyncio.gather(*attempts)

    assert {answer.refresh.claims["jti"] for answer in answers if answer.refresh} == {
        answers[0].refresh.claims["jti"]  # type: ignore[union-attr]  # it rotates
    }
    assert await successors(engine, started) == 1


async def test_a_lost_answer_may_be_asked_for_again(engine: AsyncEngine, signing_desk: Desk, clock: Clock) -> None:
    _, spa, started = await set_up(engine, signing_desk)
    first = await refresh(signing_desk, started.refresh.token, spa)
    clock.forward(seconds=9)

    second = await refresh(signing_desk, started.refresh.token, spa)

    assert first.refresh is not None
    assert second.refresh is not None
    assert first.refresh.claims == second.refresh.claims


@pytest.mark.parametrize("is_late", [True, False])
async def test_a_replay_ends_family_and_session(
    engine: AsyncEngine, signing_desk: Desk, clock: Clock, *, is_late: bool
) -> None:
    ana, spa, started = await set_up(engine, signing_desk)
    first = await refresh(signing_desk, started.refresh.token, spa)
    assert first.refresh is not None
    if is_late:
        clock.forward(seconds=11)
    else:
        await refresh(signing_desk, first.refresh.token, spa)

    with pytest.raises(ServiceError) as told:
        await refresh(signing_desk, started.refresh.token, spa)
    with pytest.raises(ServiceError) as dead:
        await refresh(signing_desk, first.refresh.token, spa)

    assert told.value.code == dead.value.code == "oauth-invalid-grant"
    assert (await session_row(engine, started.live.session.id)).end_reason == "refresh_replayed"
    assert "token.replayed" in [entry.action for entry in await audit_of(engine, ana.tenant)]


async def test_an_end_during_a_refresh_has_one_winner(engine: AsyncEngine, signing_desk: Desk) -> None:
    ana, spa, started = await set_up(engine, signing_desk)
    end = signing_desk.run(sessions.end, ender=ender_for(ana), session_id=started.live.session.id)

    await asyncio.gather(
        end, *[refresh(signing_desk, started.refresh.token, spa) for _ in range(10)], return_exceptions=True
    )

    with pytest.raises(ServiceError):
        await refresh(signing_desk, started.refresh.token, spa)
    assert (await session_row(engine, started.live.session.id)).status == "ended"


@pytest.mark.parametrize("policy", ["rotate", "reuse"])
@pytest.mark.parametrize("is_overtaken", [True, False])
async def test_an_end_that_overtakes_a_refresh_wins(
    engine: AsyncEngine, signing_desk: Desk, policy: str, *, is_overtaken: bool
) -> None:
    ana, spa, started = await set_up(engine, signing_desk, refresh_policy=policy)
    form = {"refresh_token": started.refresh.token}
    if is_overtaken:
        await ana.tenant.change(tenants, tenants.c.id == ana.tenant.id, name="Raises the revision")

    async def refresh_overtaken(work: Work) -> None:
        await refresh_token(work, TokenRequest(presented=Presented(spa), parameters=form))
        if not work.run:
            await signing_desk.run(sessions.end, ender=ender_for(ana), session_id=started.live.session.id)

    with pytest.raises(ServiceError) as told:
        await signing_desk.run(refresh_overtaken)

    assert told.value.code == "oauth-invalid-grant"
    assert {entry.action for entry in await audit_of(engine, ana.tenant)} == {"session.started", "session.ended"}


@pytest.mark.parametrize(
    ("client_id", "parameters", "code"),
    [
        ("somebody-else", {}, "oauth-invalid-grant"),
        (None, {}, "oauth-invalid-request"),
        ("own", {"scope": "profile root"}, "oauth-invalid-scope"),
        ("own", {"refresh_token": "garbage"}, "oauth-invalid-grant"),
    ],
)
async def test_what_does_not_fit_the_token_changes_nothing(
    engine: AsyncEngine, signing_desk: Desk, client_id: str | None, parameters: dict[str, str], code: str
) -> None:
    _, spa, started = await set_up(engine, signing_desk)

    with pytest.raises(ServiceError) as told:
        await refresh(signing_desk, started.refresh.token, spa if client_id == "own" else client_id, **parameters)

    assert told.value.code == code
    assert (await refresh(signing_desk, started.refresh.token, spa)).refresh is not None


async def test_a_refresh_may_narrow_the_scope(engine: AsyncEngine, signing_desk: Desk) -> None:
    _, spa, started = await set_up(engine, signing_desk)

    answer = await refresh(signing_desk, started.refresh.token, spa, scope="profile")

    assert answer.scope == frozenset({"profile"})
    assert answer.access.claims["scope"] == "profile"


async def test_no_refreshed_token_outlives_its_session(engine: AsyncEngine, signing_desk: Desk, clock: Clock) -> None:
    _, spa, started = await set_up(engine, signing_desk)
    clock.forward(minutes=29, seconds=30)

    answer = await refresh(signing_desk, started.refresh.token, spa)

    assert answer.access.expires_in == 30
    assert answer.access.expires_at <= started.live.session.expires_at


async def test_an_access_token_is_no_refresh_token(engine: AsyncEngine, signing_desk: Desk) -> None:
    _, spa, started = await set_up(engine, signing_desk)

    with pytest.raises(ServiceError) as told:
        await refresh(signing_desk, started.access.token, spa)

    assert told.value.code == "oauth-invalid-grant"
