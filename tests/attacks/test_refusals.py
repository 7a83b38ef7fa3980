"""Every "no" to somebody known is in the audit, once, with who asked (ASVS 16.3.2)."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.conftest import TokenOf
from attacks.doors import LOGOUT, Scene, bearer
from builders import audit_of
from impersonator_api.directory.tables import users


@dataclass(frozen=True)
class Refused:
    """Whoever is at hand to be refused something."""

    scene: Scene
    started: Mapping[str, Any]
    service: str
    sam: str
    suspended: str

    async def log_out(self, token: str, **form: str) -> httpx.Response:
        return await self.scene.doors.http.post(LOGOUT, data={"a": "b"} | form, headers=bearer(token))

    async def get(self, path: str, token: str) -> httpx.Response:
        return await self.scene.doors.http.get(path, headers=bearer(token))


Asks = Callable[[Refused], Coroutine[Any, Any, httpx.Response]]

ASKS: dict[str, Asks] = {
    "start without the right": lambda it: it.scene.doors.start(it.scene.bob_token, it.scene.ana),
    "start while acting": lambda it: it.scene.doors.start(it.started["access_token"], it.scene.bob),
    "start against the law": lambda it: it.scene.doors.start(it.sam, it.scene.ana),
    "start while suspended": lambda it: it.scene.doors.start(it.suspended, it.scene.bob),
    "list without the right": lambda it: it.scene.doors.list(it.scene.bob_token),
    "list while acting": lambda it: it.scene.doors.list(it.started["access_token"]),
    "show another's": lambda it: it.scene.doors.show(it.sam, it.started["session_id"]),
    "end another's": lambda it: it.scene.doors.end(it.sam, it.started["session_id"]),
    "end without the right": lambda it: it.scene.doors.end(it.scene.bob_token),
    "everybody's without the right": lambda it: it.get("/impersonation/admin/all-active", it.sam),
    "check while acting": lambda it: it.scene.doors.http.post(
        "/impersonation/check-permissions", headers=bearer(it.started["access_token"])
    ),
    "on behalf as a person": lambda it: it.scene.doors.on_behalf(
        it.scene.ana_token, it.scene.ana_token, it.scene.bob, it.scene.spa
    ),
    "on behalf of one without the right": lambda it: it.scene.doors.on_behalf(
        it.service, it.scene.bob_token, it.scene.ana, it.scene.spa
    ),
    "on behalf while acting": lambda it: it.scene.doors.on_behalf(
        it.service, it.started["access_token"], it.scene.bob, it.scene.spa
    ),
    "a user's sessions as a person": lambda it: it.scene.doors.user(it.sam, it.scene.bob, "active-sessions"),
    "a user's consents while acting": lambda it: it.scene.doors.user(
        it.started["access_token"], it.scene.bob, "consented-apps"
    ),
    "end at the panel as a person": lambda it: it.scene.doors.end_targeting(
        it.scene.bob_token, it.scene.bob, it.started["session_id"]
    ),
    "apps as a person": lambda it: it.scene.doors.apps(it.scene.ana_token),
    "log out as oneself": lambda it: it.log_out(it.scene.ana_token),
    "log out with another's refresh token": lambda it: it.log_out(it.started["access_token"], refresh_token="x.y.z"),
    "userinfo of a service": lambda it: it.scene.doors.userinfo(it.service),
}


@pytest.fixture
async def refused(scene: Scene, token_of: TokenOf) -> Refused:
    """Ana acts as Bob; Sam may act too, and somebody was suspended."""
    gone = await scene.acme.person("gone", "super_admin")
    made = Refused(
        scene=scene,
        started=await scene.started(),
        service=await scene.doors.service_token(scene.backoffice),
        sam=await token_of(await scene.acme.person("sam", "support")),
        suspended=await token_of(gone),
    )
    await scene.acme.change(users, users.c.id == gone.id, status="suspended")
    # The change is noticed by the first use; what follows is about the refusal alone.
    (await scene.doors.userinfo(made.started["access_token"])).raise_for_status()
    return made


@pytest.mark.parametrize("ask", ASKS)
async def test_a_no_to_somebody_known_is_written_down_once(engine: AsyncEngine, refused: Refused, ask: str) -> None:
    before = {entry.id for entry in await audit_of(engine, refused.scene.acme)}

    answer = await ASKS[ask](refused)

    written = [entry for entry in await audit_of(engine, refused.scene.acme) if entry.id not in before]
    assert answer.status_code == 403
    assert [entry.action in {"session.refused", "caller.refused"} for entry in written] == [True]
    assert written[0].impersonator_label
    assert written[0].code
