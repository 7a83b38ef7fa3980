"""Which clients there are, and what the service is like (seed 001)."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from impersonator_api.directory import Client, ClientKind, listing
from impersonator_api.directory.listing import ClientPage
from impersonator_api.settings import Settings
from impersonator_api.web.admin import errors
from impersonator_api.web.caller import AppReadingDep
from impersonator_api.web.examples import panel as examples
from impersonator_api.web.openapi import answer_documented, openapi_security, problems_documented
from impersonator_api.web.paging import next_page, read_cursor, refuse_repeated
from impersonator_api.web.panel.bodies import PageQuery, app_id
from impersonator_api.web.work import DeskDep

PATH = "/api/v1/apps"

router = APIRouter(tags=["users"])

AppType = Literal["spa", "s2s", "gateway"]

TYPES: dict[ClientKind, AppType] = {ClientKind.SPA: "spa", ClientKind.SERVICE: "s2s", ClientKind.GATEWAY: "gateway"}
"""Seed 001's words; a gateway is ours."""


class App(BaseModel):
    """A client, without its secrets."""

    id: int | str = Field(description="Its number; its client_id where it has none.")
    clientId: str
    name: str
    type: AppType
    isActive: bool
    redirectUris: list[str]
    scopes: list[str]
    consentRequired: bool

    @classmethod
    def of(cls, client: Client) -> Self:
        """A client as it is now."""
        return cls(
            id=app_id(client),
            clientId=client.client_id,
            name=client.name,
            type=TYPES[client.kind],
            isActive=client.is_active,
            redirectUris=list(client.redirect_uris),
            scopes=sorted(client.scopes),
            consentRequired=client.consent_required,
        )


class AppsAnswer(BaseModel):
    """One page, newest first."""

    apps: list[App]

    @classmethod
    def of(cls, page: ClientPage) -> Self:
        """The answer about a tenant's clients."""
        return cls(apps=[App.of(client) for client in page.clients])


class Configs(BaseModel):
    """What holds for everybody, under the names that Melody Auth's panel knows; times in seconds."""

    AUTH_SERVER_URL: str
    SPA_ACCESS_TOKEN_EXPIRES_IN: int
    S2S_ACCESS_TOKEN_EXPIRES_IN: int
    ENABLE_USER_APP_CONSENT: Literal[False] = Field(
        default=False, description="Not every client asks for consent; each says so itself (`consentRequired`)."
    )
    ENABLE_NAMES: Literal[True] = True
    ENABLE_SIGN_UP: Literal[False] = False
    ENABLE_PASSWORD_RESET: Literal[False] = False
    SUPPORTED_LOCALES: list[str] = Field([], description="None: no page of ours is shown to users.")


class InfoAnswer(BaseModel):
    """What the service is like."""

    configs: Configs

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The answer; nothing of it is anybody's in particular."""
        return cls(
            configs=Configs(
                AUTH_SERVER_URL=settings.issuer,
                SPA_ACCESS_TOKEN_EXPIRES_IN=int(settings.access_token_lifetime.total_seconds()),
                S2S_ACCESS_TOKEN_EXPIRES_IN=int(settings.service_token_lifetime.total_seconds()),
            )
        )


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
