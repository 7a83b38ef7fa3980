"""Whether this process lives, and whether it can do its work."""

from typing import Final

from fastapi import Request
from fastapi.responses import JSONResponse

from impersonator_api.database import faults_told
from impersonator_api.errors import ServiceError
from impersonator_api.revisions import schema_of
from impersonator_api.tokens import KeyRing
from impersonator_api.web.answers import Answer, answered
from impersonator_api.web.doors import Doors
from impersonator_api.web.examples import health as examples
from impersonator_api.web.limits import DRAINING
from impersonator_api.web.openapi import Json, answer_documented
from impersonator_api.web.work import Office, office_of

router = Doors(prefix="/health", tags=["health"])

RETRY_AFTER = "2"
OK = "ok"
ALIVE: Final = answered({"status": "alive"})


@router.hot("GET", "/live", summary="Is the process alive?", responses=answer_documented({"yes": {"status": "alive"}}))
async def live(_request: Request) -> Answer:
    """Asks nothing of the database: a restart would not bring that back."""
    return ALIVE


NOT_READY: Json = {
    "description": "Not now; `checks` says why.",
    "content": {"application/json": {"schema": {"type": "object"}, "examples": {"no": {"value": examples.NOT_READY}}}},
}


@router.get(
    "/ready", summary="Can it do its work?", responses=answer_documented({"yes": examples.READY}) | {503: NOT_READY}
)
async def ready(request: Request) -> JSONResponse:
    """The database answers, this code runs on its schema, and there are keys to sign with.

    A process that was told to stop says no first, and goes on answering until balancers have heard of it.
    """
    if DRAINING in request.scope["state"]:
        return _not_ready({"process": "is about to stop"})
    office = office_of(request.scope)
    checks = {**await _database_checks(office), "keys": _keys_check(office)}
    if all(answer == OK for answer in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return _not_ready(checks)


def _not_ready(checks: dict[str, str]) -> JSONResponse:
    return JSONResponse({"status": "not ready", "checks": checks}, 503, {"Retry-After": RETRY_AFTER})


async def _database_checks(office: Office) -> dict[str, str]:
    try:
        with faults_told():
            schema = await schema_of(office.pattern.engine)
    except ServiceError:
        return {"database": "does not answer", "schema": "unknown"}
    if schema.fits:
        return {"database": OK, "schema": OK}
    wrong = "is a newer version's; run that one" if schema.is_newer else "is behind; run `impersonator migrate`"
    return {"database": OK, "schema": wrong}


def _keys_check(office: Office) -> str:
    signing = office.services.get(KeyRing).snapshot.signing
    return OK if signing else "none to sign with; run `impersonator doctor`"
