"""Which clients there are, and what the service is like (seed 001)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from impersonator_api.directory import listing
from impersonator_api.web import examples
from impersonator_api.web.admin import errors
from impersonator_api.web.caller import AppReadingDep
from impersonator_api.web.openapi import answer_documented, openapi_security, problems_documented
from impersonator_api.web.paging import next_page, read_cursor, refuse_repeated
from impersonator_api.web.panel.bodies import AppsAnswer, InfoAnswer, PageQuery
from impersonator_api.web.work import DeskDep

PATH = "/api/v1/apps"

router = APIRouter(tags=["users"])


@router.get(
    PATH,
    summary="List clients",
    dependencies=[Depends(refuse_repeated)],
    responses=answer_documented(examples.APPS) | problems_documented(*errors.OF_PAGE),
    openapi_extra=openapi_security("bearer"),
)
async def list_apps(
    response: Response, desk: DeskDep, service: AppReadingDep, query: Annotated[PageQuery, Query()]
) -> AppsAnswer:
    """One page of the organisation's clients, newest first, without secrets; scope `read_app`."""
    before = read_cursor(query.cursor, {})
    page = await desk.run(listing.find_clients, tenant_id=service.tenant.id, limit=query.limit, before=before)
    if page.has_more:
        last = page.clients[-1].id
        response.headers.update(next_page(desk.settings, PATH, filters={}, limit=query.limit, last=last))
    return AppsAnswer.of(page)


@router.get("/info", summary="What is this service like?", responses=answer_documented(examples.INFO))
async def info(desk: DeskDep) -> InfoAnswer:
    """What holds for everybody, told to anybody; no secret is in it."""
    return InfoAnswer.of(desk.settings)
