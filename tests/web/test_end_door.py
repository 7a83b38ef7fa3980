"""Which session the end door ends, and which it refuses to guess."""

from uuid import uuid4

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SUPPORT_POLICY, active_sessions, make_tenant, start
from conftest import ActingAs
from impersonator_api.work import Desk

END = "/api/admin/impersonate/end"


async def test_of_several_running_sessions_one_must_be_named(
    engine: AsyncEngine, acting_as: ActingAs, signing_desk: Desk
) -> None:
    acme = await make_tenant(engine)
    await acme.policy(SUPPORT_POLICY | {"max_active": 2})
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    first, _ = [await start(signing_desk, ana, bob) for _ in range(2)]
    http = await acting_as(ana)

    unnamed = await http.post(END)
    named = await http.post(END, json={"session_id": str(first.live.session.id)})

    assert (unnamed.status_code, unnamed.json()["code"]) == (409, "several-sessions-active")
    assert named.json()["session_id"] == str(first.live.session.id)
    assert len(await active_sessions(engine, ana)) == 1


async def test_an_impersonation_token_ends_its_own_session_only(
    engine: AsyncEngine, http: AsyncClient, signing_desk: Desk
) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    started = await start(signing_desk, ana, bob)
    bearer = {"Authorization": f"Bearer {started.access.token}"}

    other = await http.post(END, json={"session_id": str(uuid4())}, headers=bearer)
    own = await http.post(END, json={}, headers=bearer)
    again = await http.post(END, json={}, headers=bearer)

    assert (other.status_code, other.json()["code"]) == (403, "not-your-session")
    assert own.json()["session_id"] == str(started.live.session.id)
    assert again.status_code == 401


async def test_a_malformed_session_id_is_400(engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme = await make_tenant(engine)
    http = await acting_as(await acme.person("ana", "super_admin"))

    answer = await http.post(END, json={"session_id": "4711"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-id")
