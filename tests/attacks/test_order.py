"""Who may not ask learns nothing, however the rest of the request looks: 401, 403, 422, 400, 404, 403, 409."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import START, Scene, bearer
from builders import active_sessions


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong with a start, and what it is answered where nothing before it is."""

    with_what: str
    status: int
    code: str


IN_ORDER = (
    Wrong("no credentials", 401, "credentials-missing"),
    Wrong("a bad token", 401, "invalid-token"),
    Wrong("no right", 403, "impersonation-not-permitted"),
    Wrong("acting already", 403, "impersonation-token-not-allowed"),
    Wrong("body", 422, "invalid-request"),
    Wrong("malformed id", 400, "malformed-id"),
    Wrong("self", 400, "cannot-impersonate-self"),
    Wrong("unknown target", 404, "target-unknown"),
    Wrong("unknown client", 404, "client-unknown"),
    Wrong("unknown workspace", 404, "workspace-unknown"),
    Wrong("law", 403, "impersonation-refused"),
    Wrong("active session", 409, "session-already-active"),
)

CALLERS = 4
"""The first so many are about the caller, who can only be one; the others are about the body."""


@dataclass(frozen=True)
class Attempt:
    """A start with several things wrong at once."""

    scene: Scene
    acting: str
    peer: str

    def headers(self, wrong: str) -> dict[str, str]:
        match wrong:
            case "no credentials":
                return {}
            case "a bad token":
                return bearer("not.a.token")
            case "no right":
                return bearer(self.scene.bob_token)
            case "acting already":
                return bearer(self.acting)
            case _:
                return bearer(self.scene.ana_token)

    def body(self, wrongs: set[str]) -> dict[str, Any]:
        body: dict[str, Any] = {"target_user_id": self.target(wrongs), "reason": "Locked out since Monday"}
        if "body" in wrongs:
            body["mode"] = "god"
        if "unknown client" in wrongs:
            body["client_id"] = "nobodys-client"
        if "unknown workspace" in wrongs:
            body["workspace_id"] = "nowhere"
        return body

    def target(self, wrongs: set[str]) -> str:
        ids = {
            "malformed id": "a\u0001b",
            "self": str(self.scene.ana.id),
            "unknown target": str(uuid4()),
            "law": self.peer,
        }
        return next((ids[wrong] for wrong in ids if wrong in wrongs), str(self.scene.bob.id))


@pytest.fixture
async def attempt(scene: Scene) -> Attempt:
    """Ana acts as Bob already, and her policy lets her be active once."""
    rule = {"name": "admins", "impersonators": {"roles": ["super_admin"]}, "modes": ["full"]}
    await scene.acme.policy({"version": 1, "on_active": "reject", "rules": [rule]})
    peer = await scene.acme.person("peer", "super_admin")
    return Attempt(scene, (await scene.started())["access_token"], str(peer.id))


async def ask(attempt: Attempt, wrongs: set[str]) -> httpx.Response:
    callers = [wrong.with_what for wrong in IN_ORDER[:CALLERS] if wrong.with_what in wrongs]
    headers = attempt.headers(callers[0] if callers else "")
    return await attempt.scene.doors.http.post(START, json=attempt.body(wrongs), headers=headers)


@pytest.mark.parametrize("place", range(len(IN_ORDER)), ids=[wrong.with_what for wrong in IN_ORDER])
async def test_the_first_thing_that_is_wrong_is_the_answer(engine: AsyncEngine, attempt: Attempt, place: int) -> None:
    first = IN_ORDER[place]
    wrongs = {wrong.with_what for wrong in IN_ORDER[place:]}

    answer = await ask(attempt, wrongs)

    assert (answer.status_code, answer.json()["code"]) == (first.status, first.code)
    assert len(await active_sessions(engine, attempt.scene.ana)) == 1


@pytest.mark.parametrize("target", ["somebody", "nobody", "another tenant's"])
async def test_who_may_not_start_cannot_find_out_who_exists(scene: Scene, elsewhere: Scene, target: str) -> None:
    ids = {"somebody": str(scene.ana.id), "nobody": str(uuid4()), "another tenant's": str(elsewhere.bob.id)}

    answer = await scene.doors.start(scene.bob_token, ids[target])

    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation-not-permitted")
    assert answer.json()["detail"] == "This needs one of the permissions impersonation.start."


SERVICE_ORDER = (
    ("bearer", 401),
    ("body", 400),
    ("impersonator token", 401),
    ("target", 404),
    ("app", 404),
    ("app kind", 400),
    ("right", 403),
)


@pytest.mark.parametrize("place", range(len(SERVICE_ORDER)), ids=[name for name, _ in SERVICE_ORDER])
async def test_a_service_is_told_the_first_thing_that_is_wrong(scene: Scene, place: int) -> None:
    wrongs = {name for name, _ in SERVICE_ORDER[place:]}
    bearer_token = "not.a.token" if "bearer" in wrongs else await scene.doors.service_token(scene.backoffice)
    token: object = 7 if "body" in wrongs else scene.bob_token
    if {"impersonator token"} == wrongs & {"body", "impersonator token"}:
        token = "not.a.token"
    app = "nobodys-app" if "app" in wrongs else scene.backoffice if "app kind" in wrongs else scene.spa
    target = str(uuid4()) if "target" in wrongs else str((await scene.acme.person("carol", "customer")).id)

    answer = await scene.doors.on_behalf(bearer_token, token, target, app)

    assert answer.status_code == SERVICE_ORDER[place][1]
