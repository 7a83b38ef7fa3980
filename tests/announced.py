"""The OpenAPI document taken at its word, and an organisation that its examples are about."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from fastapi import FastAPI
from schemathesis import Case
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import Doors, bearer, code_of
from builders import SECRET, make_tenant, ordinary_token
from impersonator_api.web.examples import story as examples
from impersonator_api.work import Desk

Headers = dict[str, Any]

ANY_DOOR = ("405", "414", "431")
"""What the document's `default` stands for, besides 500, which is never an answer that was meant."""

ABLE = {"/api/v1/": "a service", "/oauth2/": "a client"}
"""Who may do most at the doors below a path; elsewhere it is an admin."""

SCOPES = ["impersonation", "read_app", "read_user", "root", "write_user"]


def strict(app: FastAPI) -> dict[str, Any]:
    """The document without its `default` answers: every status has to be announced by its number."""
    document = app.openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            answers |= dict.fromkeys(ANY_DOOR, answers.pop("default")) | answers
    return document


@dataclass(frozen=True)
class Stage:
    """Who may ask, and what the document's examples stand for here."""

    callers: Mapping[str, Headers]
    real: Mapping[str, str]

    def askers(self, case: Case[Any]) -> Iterable[Headers]:
        """Everybody, for a request that fits the document; for another whoever may use the door, and one more."""
        if case.meta is None or case.meta.generation.mode.is_positive:
            return self.callers.values()
        able = next((name for prefix, name in ABLE.items() if case.path.startswith(prefix)), "an admin")
        # By what is sent, so that the same request comes from the same people when it is sent again.
        chance = crc32(f"{case.method} {case!r}".encode()) % len(self.callers)
        return [self.callers[name] for name in sorted({able, sorted(self.callers)[chance]})]

    def put_on(self, case: Case[Any]) -> None:
        """Let a case be about somebody who exists, wherever it speaks of the examples."""
        for part in (case.path_parameters, case.query, case.body):
            if isinstance(part, dict):
                told = [(name, value) for name, value in part.items() if isinstance(value, str) and value in self.real]
                part.update({name: self.real[value] for name, value in told})


async def make_stage(engine: AsyncEngine, desk: Desk, doors: Doors) -> Stage:
    """Ana is an admin; Ben acts as Carla in a SPA that she lets in; a service does what services may."""
    acme = await make_tenant(engine)
    ana, ben = await acme.person("ana", "super_admin"), await acme.person("ben", "super_admin")
    carla = await acme.person("carla", "customer", external_id="1003")
    await acme.workspace("north", carla=(carla, ["ticket.read"]))
    spa = await acme.client("dashboard", redirect_uris=[examples.REDIRECT_URI])
    service = await acme.client("backoffice", kind="service", scopes=SCOPES)
    await acme.consent(carla, spa, ["profile"])
    ana_token = await ordinary_token(desk, ana)
    started = (await doors.start(await ordinary_token(desk, ben), carla, client_id=spa)).raise_for_status().json()
    secret = base64.b64encode(f"{service}:{SECRET}".encode()).decode()
    return Stage(
        callers={
            "nobody": {},
            "an admin": bearer(ana_token),
            "an impersonation": bearer(started["access_token"]),
            "a service": bearer(await doors.service_token(service, " ".join(SCOPES))),
            "a client": {"Authorization": f"Basic {secret}"},
        },
        real={
            examples.ACCESS_TOKEN: ana_token,
            examples.REFRESH_TOKEN: started["refresh_token"],
            examples.SESSION: started["session_id"],
            examples.HANDOVER_CODE: code_of(started),
            "dashboard": spa,
        },
    )
