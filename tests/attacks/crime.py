"""A running session, everything that was ever made of it, and what somebody who came by it may try."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import Table, select

from attacks.doors import HANDOVER, REDIRECT_URI, START, Doors, Scene, bearer, code_of, make_scene
from builders import Someone, ordinary_token
from callers.conftest import Provider
from conftest import Clock
from impersonator_api.directory.tables import clients, consents, user_roles
from impersonator_api.sessions import SCOPES
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.tokens import KeyRing
from impersonator_api.tokens.jws import sign
from impersonator_api.tokens.tables import handover_codes, refresh_tokens
from impersonator_api.work import Desk
from keyed import Keyed, keyed_service
from proofs import Holder

SECOND_REDIRECT_URI = f"{REDIRECT_URI}/second"
WORKSPACE = "north"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@dataclass(frozen=True)
class Crime:
    """Ana acts as Bob in a SPA that asks for consent; the second of its links went to a browser that holds a key.

    `agent` is a service that may act for itself and take tokens over; `lea` may see and end everybody's sessions.
    """

    scene: Scene
    desk: Desk
    clock: Clock
    idp: Provider
    agent: str
    keyed: Keyed
    lea: Someone
    service_token: str = field(repr=False)
    started: Mapping[str, Any] = field(repr=False)
    holder: Holder
    bound: Mapping[str, Any] = field(repr=False)

    @property
    def doors(self) -> Doors:
        return self.scene.doors

    @property
    def session_id(self) -> str:
        return str(self.started["session_id"])

    @property
    def code(self) -> str:
        """The code of the first link, which nobody has used."""
        return code_of(self.started)

    @property
    def names(self) -> Mapping[str, str]:
        """What requests name (`routes.Names`)."""
        return {
            "session_id": self.session_id,
            "user_id": str(self.scene.bob.id),
            "app_id": self.scene.spa,
            "impersonator_token": self.scene.ana_token,
            "redirect_uri": REDIRECT_URI,
        }

    async def token_of(self, someone: Someone) -> str:
        """A person's own token, as of now."""
        return await ordinary_token(self.desk, someone)

    async def started_again(self, token: str) -> httpx.Response:
        """The very request that began the session, sent again under its key."""
        return await _start(self.scene, token)

    def signed_by_us(self, claims: Mapping[str, Any], typ: str) -> str:
        """A token under our very key, so that nothing but what it says can give it away."""
        return self.signed_privately(claims, typ) if typ == "rt+jwt" else self.signed_publicly(claims, typ)

    def signed_publicly(self, claims: Mapping[str, Any], typ: str) -> str:
        """A token that anybody can verify by the JWKS."""
        return sign(claims, key=self.desk.services.get(KeyRing).signing_key("ES256"), typ=typ)

    def signed_privately(self, claims: Mapping[str, Any], typ: str) -> str:
        """A token that nobody but the service can verify."""
        return sign(claims, key=self.desk.services.get(KeyRing).own_signing_key(), typ=typ)

    async def another_scene(self) -> Scene:
        """Another organisation, with an Ana and a Bob of its own."""
        return await make_scene(self.scene.acme.engine, self.desk, self.doors, "globex")

    async def state(self) -> list[Any]:
        """Everything that a request with a token could change."""
        by_tenant: tuple[Table, ...] = (impersonation_sessions, refresh_tokens, handover_codes)
        questions = [
            *[
                select(table).where(table.c.tenant_id == self.scene.acme.id).order_by(*table.primary_key)
                for table in by_tenant
            ],
            select(consents).where(consents.c.user_id == self.scene.bob.id),
        ]
        async with self.scene.acme.engine.connect() as db:
            return [row for question in questions for row in await db.execute(question)]


async def make_crime(scene: Scene, desk: Desk, clock: Clock, idp: Provider, *, workspace: bool = False) -> Crime:
    """What there is to come by in a scene; with `workspace` Ana's role counts in that one alone."""
    agent = await _organise(scene)
    if workspace:
        await _bind_to_workspace(scene)
    started = (await _start(scene, scene.ana_token)).raise_for_status().json()
    holder = Holder(clock)
    return Crime(
        scene=scene,
        desk=desk,
        clock=clock,
        idp=idp,
        agent=agent,
        keyed=await keyed_service(scene.acme, clock),
        lea=await scene.acme.person("lea", "lead"),
        service_token=await scene.doors.service_token(scene.backoffice),
        started=started,
        holder=holder,
        bound=await _handed_over_to(holder, scene, started),
    )


async def _organise(scene: Scene) -> str:
    acme = scene.acme
    uris = [REDIRECT_URI, SECOND_REDIRECT_URI]
    await acme.change(clients, clients.c.client_id == scene.spa, consent_required=True, redirect_uris=uris)
    await acme.consent(scene.bob, scene.spa, sorted(SCOPES))
    rights = {"scopes": ["impersonation"], "permissions": ["impersonation.start"], "rank": 50}
    agent = await acme.client("agent", kind="service", audience="https://api.example.test", **rights)
    admins = {"name": "admins-act", "impersonators": {"roles": ["super_admin"]}, "modes": ["full"]}
    agents = {"name": "agents-act", "impersonators": {"clients": [agent]}, "modes": ["full"]}
    await acme.policy({"version": 1, "rules": [admins, agents]})
    return agent


async def _bind_to_workspace(scene: Scene) -> None:
    workspace_id = await scene.acme.workspace(WORKSPACE)
    await scene.acme.change(user_roles, user_roles.c.user_id == scene.ana.id, workspace_id=workspace_id)


async def _start(scene: Scene, token: str) -> httpx.Response:
    workspace_id = scene.acme.workspace_ids.get(WORKSPACE)
    body = {"target_user_id": str(scene.bob.id), "client_id": scene.spa, "reason": "Locked out since Monday"}
    where = {} if workspace_id is None else {"workspace_id": str(workspace_id)}
    return await scene.doors.http.post(START, json=body | where, headers=bearer(token) | {"Idempotency-Key": KEY})


async def _handed_over_to(holder: Holder, scene: Scene, started: Mapping[str, Any]) -> Mapping[str, Any]:
    link = started["handover"][1]
    form = {"grant_type": HANDOVER, "code": link["url"].partition("#handover_code=")[2], "client_id": scene.spa}
    answer = await holder.ask(scene.doors.http, form | {"redirect_uri": link["redirect_uri"]})
    bound: Mapping[str, Any] = answer.raise_for_status().json()
    return bound
