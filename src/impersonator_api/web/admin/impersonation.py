"""The admin API: start, end, list and show impersonations (seed 002)."""

from uuid import UUID

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from impersonator_api import sessions
from impersonator_api.errors import ServiceError
from impersonator_api.sessions import PageRequest
from impersonator_api.web.admin import errors
from impersonator_api.web.admin.bodies import (
    EndAnswer,
    EndBody,
    ListAnswer,
    ListQuery,
    SessionSummary,
    end_answer,
    list_answer,
    summary_of,
)
from impersonator_api.web.admin.starting import START_EXAMPLES, StartAnswer, StartBody, start_answer
from impersonator_api.web.answers import Answer, answered
from impersonator_api.web.beginning import begin
from impersonator_api.web.bodies import read_json
from impersonator_api.web.caller import ReaderDep, credentials_of
from impersonator_api.web.doors import Doors
from impersonator_api.web.examples import admin as examples
from impersonator_api.web.headers import fields_of
from impersonator_api.web.idempotency import IDEMPOTENCY_KEY, OF_KEY
from impersonator_api.web.identifiers import read_uuid
from impersonator_api.web.openapi import (
    answer_documented,
    openapi_body,
    openapi_query,
    openapi_security,
    problems_documented,
)
from impersonator_api.web.paging import next_page, read_cursor, read_query
from impersonator_api.web.work import DeskDep, desk_of, office_of

PATH = "/api/admin/impersonate"

router = Doors(prefix=PATH, tags=["impersonation"])

SIGNED_IN = openapi_security("bearer", "cookie")


@router.hot(
    "POST",
    "",
    summary="Start acting as a user",
    response_model=StartAnswer,
    responses=answer_documented({"a session": examples.STARTED}) | problems_documented(*errors.OF_START, *OF_KEY),
    openapi_extra=openapi_body(StartBody, START_EXAMPLES) | SIGNED_IN | IDEMPOTENCY_KEY,
)
async def start(request: Request) -> Answer:
    """Start a session and get its tokens. Where the policy lets one session be active, it replaces that one."""
    started = await begin(request, StartBody, door=PATH, meant=lambda body: (body.wish(), body.handover()))
    return answered(start_answer(started, office_of(request.scope).pattern.clock()))


@router.hot(
    "POST",
    "/end",
    summary="End an impersonation",
    response_model=EndAnswer,
    responses=answer_documented({"it is over": examples.ENDED}) | problems_documented(*errors.OF_END),
    openapi_extra=openapi_body(EndBody, examples.END_BODIES) | SIGNED_IN,
)
async def end(request: Request) -> Answer:
    """End the caller's only session, the one named, or, with an impersonation token, its own. It is dead at once."""
    desk, credentials = desk_of(request), await credentials_of(request)
    try:
        session_id = (await read_json(request, EndBody)).id()
    except ServiceError:
        # Whoever may not end any is told that first.
        await desk.run(sessions.admit_ender, credentials=credentials)
        raise
    return answered(end_answer(await desk.run(sessions.end_by, credentials=credentials, session_id=session_id)))


@router.hot(
    "GET",
    "/sessions",
    summary="List sessions",
    response_model=ListAnswer,
    responses=answer_documented({"one page": examples.PAGE}) | problems_documented(*errors.OF_LIST),
    openapi_extra=openapi_query(ListQuery) | SIGNED_IN,
)
async def find(request: Request) -> Answer:
    """One page, newest first; everybody's with `impersonation.read_any`, else the caller's own."""
    desk, credentials = desk_of(request), await credentials_of(request)
    try:
        query = read_query(request, ListQuery)
        sent = query.as_sent()
        before = read_cursor(query.cursor, sent)
    except (ServiceError, RequestValidationError):
        # Whoever may not look is told that first.
        await desk.run(sessions.admit_reader, credentials=credentials)
        raise
    asked = PageRequest(filters=query.filters(), limit=query.limit, before=before)
    page = await desk.run(sessions.find_page_for, credentials=credentials, request=asked)
    headers = {}
    if page.has_more:
        last = UUID(page.sessions[-1].id)
        headers = next_page(desk.settings, f"{PATH}/sessions", filters=sent, limit=query.limit, last=last)
    return answered(list_answer(page), fields_of(headers))


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
    return summary_of(listed, desk.clock())
