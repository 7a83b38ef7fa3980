"""A SPA logs an impersonation out (seed 001): it tells the truth, and ends nothing that is not its own."""

from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import Organisation, Someone, make_tenant, ordinary_token, session_row, start
from impersonator_api.sessions import Started
from impersonator_api.work import Desk

CALLBACK = "https://app.example.test/callback"


async def set_up(engine: AsyncEngine, desk: Desk) -> tuple[Organisation, Someone, Started]:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    spa = await acme.client("spa", refresh_policy="reuse", redirect_uris=[CALLBACK])
    return acme, ana, await start(desk, ana, bob, client=spa)


async def log_out(http: AsyncClient, token: str, **form: str) -> Response:
    return await http.post("/identity/v1/logout", data=form, headers={"Authorization": f"Bearer {token}"})


async def test_it_ends_the_session_and_both_tokens(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> None:
    _, _, started = await set_up(engine, signing_desk)
    form = {"refresh_token": started.refresh.token, "post_logout_redirect_uri": CALLBACK}

    answer = await log_out(http, started.access.token, **form)

    assert answer.json() == {"success": True, "redirectUri": CALLBACK}
    again = await log_out(http, started.access.token, **form)
    refresh = {"grant_type": "refresh_token", "refresh_token": started.refresh.token}
    assert (again.status_code, (await http.post("/oauth2/v1/token", data=refresh)).status_code) == (401, 400)
    assert (await session_row(engine, started.live.session.id)).end_reason == "stopped"


async def test_another_sessions_refresh_token_is_refused(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    acme, _, started = await set_up(engine, signing_desk)
    lea, carol = await acme.person("lea", "super_admin"), await acme.person("carol", "customer")
    other = await start(signing_desk, lea, carol)

    answer = await log_out(http, started.access.token, refresh_token=other.refresh.token)

    assert (answer.status_code, answer.json()["code"]) == (403, "not-your-session")
    for each in (started, other):
        assert (await session_row(engine, each.live.session.id)).status == "active"


async def test_a_persons_own_token_logs_nothing_out(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> None:
    _, ana, started = await set_up(engine, signing_desk)

    answer = await log_out(http, await ordinary_token(signing_desk, ana), refresh_token=started.refresh.token)

    assert answer.status_code == 403
    assert (await session_row(engine, started.live.session.id)).status == "active"


async def test_it_is_no_open_redirector(engine: AsyncEngine, http: AsyncClient, signing_desk: Desk) -> None:
    _, _, started = await set_up(engine, signing_desk)

    answer = await log_out(http, started.access.token, post_logout_redirect_uri="https://evil.test/")

    assert (answer.status_code, answer.json()["code"]) == (400, "redirect-unknown")
    assert "evil" not in answer.text
