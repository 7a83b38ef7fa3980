"""Where everything is put together: the application, what it lives on, and the server that runs it."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from impersonator_api import __version__, tokens
from impersonator_api.database import build_engine
from impersonator_api.errors import ServiceError
from impersonator_api.logs import configure_logging
from impersonator_api.migrate import head_revision
from impersonator_api.settings import PREFIX, Settings, load_settings
from impersonator_api.web import docs_page, health, problem_pages
from impersonator_api.web.entrance import Entrance
from impersonator_api.web.openapi import DESCRIPTION, TAGS, DocumentedService
from impersonator_api.web.problems import Answers, ErrorStyle
from impersonator_api.web.work import Office
from impersonator_api.work import Origin, Services, utc_now

Clock = Callable[[], datetime]

ROUTERS: Sequence[APIRouter] = (health.router, problem_pages.router)

ERROR_STYLES: Mapping[str, ErrorStyle] = {}
"""Path prefixes whose protocol words errors in its own way; all others answer problem+json."""

MAX_CONNECTIONS = 1000
"""Of one worker process, idle ones included; beyond it the server answers 503 itself."""


def create_app(settings: Settings, *, database_url: str, clock: Clock = utc_now) -> FastAPI:
    """The whole application; it touches nothing outside before its lifespan starts."""
    tokens.assert_backend()
    answers = Answers(ERROR_STYLES)
    app = DocumentedService(
        title="Impersonator API",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        # A redirect would repeat tokens in its Location, and name whatever Host the caller sent.
        redirect_slashes=False,
        exception_handlers=dict.fromkeys((ServiceError, RequestValidationError, HTTPException), answers),
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan(settings, database_url, clock),
    )
    app.state.settings = settings
    app.state.head_revision = head_revision()
    app.add_middleware(Entrance, settings=settings, answers=answers)
    for router in ROUTERS if settings.is_production else (*ROUTERS, docs_page.router):
        app.include_router(router)
    return app


def run_server(settings: Settings, *, host: str, port: int, workers: int, database_url: str) -> None:
    """Serve until told to stop, then finish what was begun; returns when the last worker is gone.

    The caller owns an embedded database for as long as this runs. Workers are processes of their own that
    read the settings from the environment again, so the database's URL is left there for them.
    """
    configure_logging(settings)
    os.environ[f"{PREFIX}DATABASE_URL"] = database_url
    uvicorn.run(
        f"{__name__}:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Only `trusted_proxies` decides whose forwarded headers are believed.
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=30,
    )


def app_from_environment() -> FastAPI:
    """What each worker process runs; its parent left the database's URL in the environment."""
    settings = load_settings()
    configure_logging(settings)
    if settings.database_url is None:
        raise RuntimeError("Start it with `impersonator serve`, or set IMPERSONATOR_DATABASE_URL.")
    return create_app(settings, database_url=settings.database_url.get_secret_value())


def _lifespan(
    settings: Settings, database_url: str, clock: Clock
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        office = Office(build_engine(database_url, settings), settings, _services(settings), clock)
        try:
            await _open(office)
            app.state.office = office
            # What start-up made lives as long as the process; the collector need not look at it again.
            gc.collect()
            gc.freeze()
            yield
        finally:
            await office.engine.dispose()

    return running


def _services(settings: Settings) -> Services:
    master_keys = tokens.load_master_keys(settings)
    return Services({tokens.MasterKeys: master_keys, tokens.KeyRing: tokens.KeyRing(master_keys)})


async def _open(office: Office) -> None:
    """Make the first keys and load the ring; without them nothing could be signed or verified."""
    desk = office.desk(Origin(request_id="start-up"))
    await desk.run_in_transaction(tokens.ensure_keys)
    await desk.run(office.services.get(tokens.KeyRing).refresh)
