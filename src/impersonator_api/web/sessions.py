"""The doors of seed 003, `/impersonation/*`: the same stories, laws and policy in another form."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from impersonator_api import sessions
from impersonator_api.directory import Permission, holds
from impersonator_api.sessions import Filters, PageRequest, Reader, Search, Wish
from impersonator_api.sessions.errors import NotYourSessionError
from impersonator_api.web.admin import errors
from impersonator_api.web.beginning import begin
from impersonator_api.web.bodies import read_json
from impersonator_api.web.caller import AnybodyDep, CredentialsDep, EnderDep, ReaderDep, StarterDep
from impersonator_api.web.envelope import (
    CheckBody,
    CheckData,
    ContextData,
    Envelope,
    EnvelopedStartBody,
    SessionData,
    StartedData,
    UserData,
)
from impersonator_api.web.examples import sessions as examples
from impersonator_api.web.examples.sessions import enveloped
from impersonator_api.web.idempotency import IDEMPOTENCY_KEY, OF_KEY
from impersonator_api.web.identifiers import read_identifier, read_uuid
from impersonator_api.web.openapi import answer_documented, openapi_body, openapi_security, problems_documented
from impersonator_api.web.work import DeskDep, desk_of

router = APIRouter(prefix="/impersonation", tags=["impersonation"])

SIGNED_IN = openapi_security("bearer", "cookie")
HISTORY = {"one": enveloped([examples.ENDED_DATA], "Impersonation history retrieved successfully")}
ALL_ACTIVE = {"one": enveloped([examples.SESSION_DATA], "Active sessions retrieved successfully")}
USERS = {"one": enveloped([examples.CAROL_DATA], "Impersonatable users retrieved successfully")}
STARTED = {"a session": enveloped(examples.SESSION_DATA | examples.TOKENS_DATA, "Impersonation started successfully")}
STOPPED = {"it is over": enveloped(None, "Impersonation stopped successfully")}
Many = Annotated[int, Query(ge=1, le=200)]


@router.post(
    "/start",
    summary="Start, in camelCase",
    status_code=201,
    responses=answer_documented(STARTED, status=201) | problems_documented(*errors.OF_START, *OF_KEY),
    openapi_extra=openapi_body(
        EnvelopedStartBody, {"a session": {"impersonatedUserId": "1003", "reason": "Locked out"}}
    )
    | SIGNED_IN
    | IDEMPOTENCY_KEY,
)
async def start_enveloped(request: Request) -> Envelope[StartedData]:
    """Start a session; one that is active already is 409, unless the policy says `replace`."""
    started = await begin(
        request, EnvelopedStartBody, door="/impersonation/start", meant=lambda body: (body.wish(), None)
    )
    data = StartedData.of_started(started, desk_of(request).clock())
    return Envelope(data=data, message="Impersonation started successfully")


@router.post(
    "/stop/{session_id}",
    summary="Stop, in camelCase",
    responses=answer_documented(STOPPED) | problems_documented(*errors.OF_STOP),
    openapi_extra=SIGNED_IN,
)
async def stop(session_id: str, desk: DeskDep, ender: EnderDep) -> Envelope[None]:
    """End a session, with the impersonator's own token or the session's."""
    await desk.run(sessions.end, ender=ender, session_id=read_uuid(session_id))
    return Envelope(data=None, message="Impersonation stopped successfully")


@router.get(
    "/active",
    summary="My running session",
    responses=answer_documented(examples.ACTIVE) | problems_documented(*errors.OF_ANY),
    openapi_extra=SIGNED_IN,
)
async def active(desk: DeskDep, ender: EnderDep) -> Envelope[SessionData | None]:
    """The caller's running session, or null."""
    session = sessions.newest_running(ender)
    if session is None:
        return Envelope(data=None, message="No active session")
    return Envelope(data=SessionData.of(session, desk.clock()), message="Active session found")


@router.get(
    "/context",
    summary="For a banner",
    responses=answer_documented(examples.CONTEXT) | problems_documented(*errors.OF_CREDENTIALS),
    openapi_extra=SIGNED_IN,
)
async def context(desk: DeskDep, credentials: CredentialsDep) -> Envelope[ContextData | None]:
    """Who is acting as whom, told to either token; null where nobody is."""
    live = await desk.run(sessions.find_context, credentials=credentials)
    if live is None:
        return Envelope(data=None, message="No active session")
    return Envelope(data=ContextData.of(live, desk.clock()), message="Active session found")


@router.get(
    "/users",
    summary="Whom may I act as?",
    responses=answer_documented(USERS) | problems_documented(*errors.OF_READ),
    openapi_extra=SIGNED_IN,
)
async def users(
    desk: DeskDep, starter: StarterDep, q: Annotated[str | None, Query(max_length=255)] = None, limit: Many = 50
) -> Envelope[list[UserData]]:
    """Users whom law and policy would let the caller act as, by address."""
    found = await desk.run(sessions.find_targets, starter=starter, search=Search(q=q, limit=limit))
    data = [UserData(id=person.id, email=person.email, display_name=person.display_name) for person in found]
    return Envelope(data=data, message="Impersonatable users retrieved successfully")


@router.get(
    "/history",
    summary="My sessions",
    responses=answer_documented(HISTORY) | problems_documented(*errors.OF_READ),
    openapi_extra=SIGNED_IN,
)
async def history(desk: DeskDep, reader: ReaderDep, limit: Many = 50) -> Envelope[list[SessionData]]:
    """The caller's own sessions, newest first."""
    own = Reader(tenant_id=reader.tenant_id, id=reader.id)
    request = PageRequest(filters=Filters(), limit=limit)
    page = await desk.run(sessions.find_whole_page, reader=own, request=request)
    data = [SessionData.of_listed(listed, desk.clock()) for listed in page.sessions]
    return Envelope(data=data, message="Impersonation history retrieved successfully")


@router.get(
    "/admin/all-active",
    summary="Everybody's running sessions",
    responses=answer_documented(ALL_ACTIVE) | problems_documented(*errors.OF_READ, NotYourSessionError),
    openapi_extra=SIGNED_IN,
)
async def all_active(desk: DeskDep, reader: ReaderDep, limit: Many = 200) -> Envelope[list[SessionData]]:
    """All running sessions of the organisation; needs `impersonation.read_any`."""
    page = await desk.run(sessions.find_all_active, reader=reader, limit=limit)
    data = [SessionData.of_listed(listed, desk.clock()) for listed in page.sessions]
    return Envelope(data=data, message="Active sessions retrieved successfully")


@router.post(
    "/check-permissions",
    summary="May I?",
    responses=answer_documented(examples.CHECKED) | problems_documented(*errors.OF_CHECK),
    openapi_extra=openapi_body(CheckBody, examples.CHECK_BODIES) | SIGNED_IN,
)
async def check(request: Request, desk: DeskDep, caller: AnybodyDep) -> Envelope[CheckData]:
    """Whether the caller may impersonate at all, or the user that is named; nothing is started or written."""
    body = await read_json(request, CheckBody)
    may = holds(caller.party.permissions_anywhere, Permission.START)
    # Whoever may act as nobody is told so before anybody is looked up, or he could find out who exists.
    if body.impersonated_user_id is None or not may:
        return Envelope(data=CheckData(can_impersonate=may), message="Permissions checked")
    wish = Wish(
        target=read_identifier(body.impersonated_user_id),
        workspace=body.workspace_id,
        permissions=None if body.permissions is None else frozenset(body.permissions),
    )
    trace = await desk.run(sessions.explain_start, starter=sessions.starter_of(caller), wish=wish)
    return Envelope(data=CheckData.of(trace), message="Permissions checked")
