"""One user as the admin panel sees one: profile, who acts as this user now, and which clients may (seed 001)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from impersonator_api import consents, sessions
from impersonator_api.web.admin import errors
from impersonator_api.web.caller import UserReadingDep, UserWritingDep
from impersonator_api.web.examples import panel as examples
from impersonator_api.web.identifiers import read_identifier, read_uuid
from impersonator_api.web.openapi import answer_documented, openapi_security, problems_documented
from impersonator_api.web.paging import next_page, read_cursor, refuse_repeated
from impersonator_api.web.panel.bodies import ActiveSessionsAnswer, ConsentedAppsAnswer, PageQuery, UserAnswer
from impersonator_api.web.work import DeskDep

PATH = "/api/v1/users"

router = APIRouter(prefix=PATH, tags=["users"])

BEARER = openapi_security("bearer")


@router.get(
    "/{user_id}",
    summary="Show a user",
    responses=answer_documented(examples.PANEL_USER) | problems_documented(*errors.OF_USER),
    openapi_extra=BEARER,
)
async def show_user(user_id: str, desk: DeskDep, service: UserReadingDep) -> UserAnswer:
    """A user of the directory, by our id or the external one; scope `read_user`."""
    user = await desk.run(sessions.load_user, tenant_id=service.tenant.id, name=read_identifier(user_id))
    return UserAnswer.of(user)


@router.get(
    "/{user_id}/active-sessions",
    summary="Who acts as a user now?",
    dependencies=[Depends(refuse_repeated)],
    responses=answer_documented(examples.ACTIVE_SESSIONS) | problems_documented(*errors.OF_USERS_LIST),
    openapi_extra=BEARER,
)
async def list_active_sessions(
    user_id: str, response: Response, desk: DeskDep, service: UserReadingDep, query: Annotated[PageQuery, Query()]
) -> ActiveSessionsAnswer:
    """One page of the running sessions in which somebody acts as this user, newest first; scope `read_user`."""
    name, before = read_identifier(user_id), read_cursor(query.cursor, {})
    found = await desk.run(
        sessions.find_targeting, tenant_id=service.tenant.id, name=name, limit=query.limit, before=before
    )
    if found.has_more:
        path, last = f"{PATH}/{found.user.id}/active-sessions", found.sessions[-1].session.id
        response.headers.update(next_page(desk.settings, path, filters={}, limit=query.limit, last=last))
    return ActiveSessionsAnswer.of(found)


@router.delete(
    "/{user_id}/active-sessions/{session_id}",
    summary="End somebody's acting as a user",
    status_code=204,
    responses=problems_documented(*errors.OF_USERS_END),
    openapi_extra=BEARER,
)
async def end_active_session(user_id: str, session_id: str, desk: DeskDep, service: UserWritingDep) -> None:
    """End a session in which somebody acts as this user: its tokens are dead at once; scope `write_user`."""
    await desk.run(
        sessions.end_targeting,
        tenant_id=service.tenant.id,
        name=read_identifier(user_id),
        session_id=read_uuid(session_id),
        by=service.party.label,
    )


@router.get(
    "/{user_id}/consented-apps",
    summary="Which clients has a user consented to?",
    dependencies=[Depends(refuse_repeated)],
    responses=answer_documented(examples.CONSENTED_APPS) | problems_documented(*errors.OF_USERS_LIST),
    openapi_extra=BEARER,
)
async def list_consented_apps(
    user_id: str, response: Response, desk: DeskDep, service: UserReadingDep, query: Annotated[PageQuery, Query()]
) -> ConsentedAppsAnswer:
    """One page of the clients that the user's consent opens now; scope `read_user`."""
    name, before = read_identifier(user_id), read_cursor(query.cursor, {})
    found = await desk.run(
        consents.find_consented, tenant_id=service.tenant.id, user=name, limit=query.limit, before=before
    )
    if found.has_more:
        path, last = f"{PATH}/{found.user.id}/consented-apps", found.grants[-1].client.id
        response.headers.update(next_page(desk.settings, path, filters={}, limit=query.limit, last=last))
    return ConsentedAppsAnswer.of(found)


@router.delete(
    "/{user_id}/consented-apps/{app_id}",
    summary="Withdraw a user's consent",
    status_code=204,
    responses=problems_documented(*errors.OF_WITHDRAWAL),
    openapi_extra=BEARER,
)
async def withdraw_consent(user_id: str, app_id: str, desk: DeskDep, service: UserWritingDep) -> None:
    """Withdraw what the user granted a client, and end the sessions that needed it; scope `write_user`."""
    await desk.run_in_transaction(
        consents.withdraw_consent,
        tenant=service.tenant,
        user=read_identifier(user_id),
        client=read_identifier(app_id),
        by=service.party.label,
    )
