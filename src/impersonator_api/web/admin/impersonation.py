"""The admin API: start, end, list and show impersonations (seed 002)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from impersonator_api import sessions
from impersonator_api.web.admin import errors
from impersonator_api.web.admin.bodies import (
    EndAnswer,
    EndBody,
    ListAnswer,
    ListQuery,
    SessionSummary,
)
from impersonator_api.web.admin.starting import START_EXAMPLES, StartAnswer, StartBody
from impersonator_api.web.bodies import read_json
from impersonator_api.web.caller import EnderDep, ReaderDep, StarterDep
from impersonator_api.web.examples import admin as examples
from impersonator_api.web.idempotency import IDEMPOTENCY_KEY, OF_KEY, read_repeatable
from impersonator_api.web.identifiers import read_uuid
from impersonator_api.web.openapi import answer_documented, openapi_body, openapi_security, problems_documented
from impersonator_api.web.paging import next_page, read_cursor, refuse_repeated
from impersonator_api.web.rate_limits import rate_limits_of
from impersonator_api.web.work import DeskDep

PATH = "/api/admin/impersonate"

router = APIRouter(prefix=PATH, tags=["impersonation"])

SIGNED_IN = openapi_security("bearer", "cookie")


@router.post(
    "",
    summary="Start acting as a user",
    responses=answer_documented({"a session": examples.STARTED}) | problems_documented(*errors.OF_START, *OF_KEY),
    openapi_extra=openapi_body(StartBody, START_EXAMPLES) | SIGNED_IN | IDEMPOTENCY_KEY,
)
async def start(request: Request, desk: DeskDep, starter: StarterDep) -> StartAnswer:
    """Start a session and get its tokens. Where the policy lets one session be active, it replaces that one."""
    await rate_limits_of(request).count_start(starter)
    body = await read_json(request, StartBody)
    wish, handover = body.wish(), body.handover()
    repeatable = read_repeatable(request, caller=starter.impersonator_id, door=PATH, meaning=(wish, handover))
    started = await desk.run(sessions.start, starter=starter, wish=wish, handover=handover, repeatable=repeatable)
    return StartAnswer.of(started, desk.clock())


@router.post(
    "/end",
    summary="End an impersonation",
    responses=answer_documented({"it is over": examples.ENDED}) | problems_documented(*errors.OF_END),
    openapi_extra=openapi_body(EndBody, examples.END_BODIES) | SIGNED_IN,
)
async def end(request: Request, desk: DeskDep, ender: EnderDep) -> EndAnswer:
    """End the caller's only session, the one named, or, with an impersonation token, its own. It is dead at once."""
    body = await read_json(request, EndBody)
    session_id = None if body.session_id is None else read_uuid(body.session_id)
    return EndAnswer.of(await desk.run(sessions.end, ender=ender, session_id=session_id))


@router.get(
    "/sessions",
    summary="List sessions",
    dependencies=[Depends(refuse_repeated)],
    responses=answer_documented({"one page": examples.PAGE}) | problems_documented(*errors.OF_LIST),
    openapi_extra=SIGNED_IN,
)
async def find(
    response: Response, desk: DeskDep, reader: ReaderDep, query: Annotated[ListQuery, Query()]
) -> ListAnswer:
    """One page, newest first; everybody's with `impersonation.read_any`, else the caller's own."""
    before = read_cursor(query.cursor, query.as_sent())
    page = await desk.run(sessions.find_page, reader=reader, filters=query.filters(), limit=query.limit, before=before)
    if page.has_more:
        last = page.sessions[-1].session.id
        response.headers.update(
            next_page(desk.settings, f"{PATH}/sessions", filters=query.as_sent(), limit=query.limit, last=last)
        )
    return ListAnswer.of(page, desk.clock())


@router.get(
    "/sessions/{session_id}",
    summary="Show one session",
    responses=answer_documented({"active": examples.SUMMARY, "ended": examples.ENDED_SUMMARY})
    | problems_documented(*errors.OF_SHOW),
    openapi_extra=SIGNED_IN,
)
async def show(session_id: str, desk: DeskDep, reader: ReaderDep) -> SessionSummary:
    """One session, active or ended."""
    listed = await desk.run(sessions.load_one, reader=reader, session_id=read_uuid(session_id))
    return SessionSummary.of(listed, desk.clock())
