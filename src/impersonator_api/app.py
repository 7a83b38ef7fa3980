"""Where everything is put together: the application, what it lives on, and the server that runs it."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from impersonator_api import __version__, metrics, tokens, worker
from impersonator_api.callers import Acquaintances, IssuerKeys
from impersonator_api.database import build_engine, pool_use
from impersonator_api.logs import configure_logging
from impersonator_api.oauth import KnownClients
from impersonator_api.rate_limits import open_limiter
from impersonator_api.sessions import CappedTotals, Grounds, Surroundings
from impersonator_api.settings import PREFIX, Settings, load_settings
from impersonator_api.tracing import open_tracing
from impersonator_api.web import (
    discovery,
    docs_page,
    health,
    identity,
    introspection,
    oauth,
    problem_pages,
    server,
    sessions,
    users,
)
from impersonator_api.web.admin import impersonation
from impersonator_api.web.doors import Layer, Service, StraightIn
from impersonator_api.web.entrance import Entrance
from impersonator_api.web.metrics import Facts
from impersonator_api.web.metrics import router as metrics_router
from impersonator_api.web.oauth_answers import oauth_error
from impersonator_api.web.openapi import DESCRIPTION, OAUTH, TAGS, USERINFO
from impersonator_api.web.panel import apps as panel_apps
from impersonator_api.web.panel import users as panel_users
from impersonator_api.web.problems import EXPECTED, Answers, ErrorStyle, problem
from impersonator_api.web.rate_limits import RateLimits
from impersonator_api.web.traced import Traced
from impersonator_api.web.work import Office
from impersonator_api.work import Desk, Origin, Services, utc_now

if TYPE_CHECKING:
    from impersonator_api.tracing.tracing import Tracing

Clock = Callable[[], datetime]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

ROUTERS: Sequence[APIRouter] = (
    impersonation.router,
    sessions.router,
    users.router,
    panel_users.router,
    panel_apps.router,
    identity.router,
    oauth.router,
    introspection.router,
    discovery.router,
    health.router,
    problem_pages.router,
)

ERROR_STYLES: Mapping[str, ErrorStyle] = {
    # RFC 6750 §3 wants a Bearer challenge here, where the rest of the prefix authenticates clients.
    USERINFO: problem,
    OAUTH: lambda error, _request: oauth_error(error),
}
"""Path prefixes whose protocol words errors in its own way, first match first; all others answer problem+json."""


def create_app(settings: Settings, *, database_url: str, clock: Clock = utc_now, with_worker: bool = True) -> Service:
    """The whole application; it touches nothing outside before its lifespan starts.

    Without its worker somebody else must do the duties (`impersonator work`).
    """
    tokens.assert_backend()
    limiter = open_limiter(settings, clock=lambda: clock().timestamp())
    rate_limits = RateLimits(settings, limiter)
    answers = Answers(ERROR_STYLES, note=rate_limits.count_failure)
    tracing = open_tracing(settings)
    running = _running(settings, database_url, clock, with_worker=with_worker)
    layers: list[Layer] = [
        partial(StraightIn, routers=ROUTERS),
        partial(Entrance, settings=settings, answers=answers),
    ]
    if tracing is not None:
        layers.append(partial(Traced, tracing=tracing))
    app = Service(
        layers=layers,
        title="Impersonator API",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        # A redirect would repeat tokens in its Location, and name whatever Host the caller sent.
        redirect_slashes=False,
        exception_handlers=dict.fromkeys(EXPECTED, answers),
        generate_unique_id_function=lambda route: route.name,
        lifespan=running if tracing is None else _traced(running, tracing),
    )
    app.state.settings = settings
    app.state.rate_limits = rate_limits
    for router in ROUTERS if settings.is_production else (*ROUTERS, docs_page.router):
        app.include_router(router)
    if settings.metrics_token is not None:
        app.include_router(metrics_router)
    return app


def run_server(settings: Settings, *, host: str, port: int, workers: int, database_url: str) -> None:
    """Serve until told to stop, and finish what was begun; then the signal is raised again for the caller's handler.

    The caller owns an embedded database for as long as this runs. Workers are processes of their own that
    read the settings from the environment again, so the database's URL is left there for them.
    """
    configure_logging(settings)
    os.environ[f"{PREFIX}DATABASE_URL"] = database_url
    config = server.ServerConfig(
        f"{__name__}:app_from_environment",
        host=host,
        port=port,
        workers=workers,
        drain=settings.drains_for,
        keep_alive=settings.keep_alive,
        connections=settings.max_connections,
    )
    # One process counts in its memory, and where nobody may ask nothing is worth a file.
    is_counted = workers > 1 and settings.metrics_token is not None
    with metrics.counting_together() if is_counted else nullcontext():
        server.run(config)


def app_from_environment() -> Service:
    """What each worker process runs; its parent left the database's URL in the environment."""
    settings = load_settings()
    configure_logging(settings)
    if settings.database_url is None:
        raise RuntimeError("Start it with `impersonator serve`, or set IMPERSONATOR_DATABASE_URL.")
    return create_app(settings, database_url=settings.database_url.get_secret_value())


@asynccontextmanager
async def open_desk(settings: Settings, *, database_url: str, clock: Clock = utc_now) -> AsyncIterator[Desk]:
    """A desk with all services, the first keys made and loaded; for the application and for commands."""
    engine = build_engine(database_url, settings)
    issuer_keys = IssuerKeys.for_settings(settings)
    master_keys = tokens.load_master_keys(settings)
    ring = tokens.KeyRing(master_keys)
    services = Services(
        {
            tokens.MasterKeys: master_keys,
            tokens.KeyRing: ring,
            IssuerKeys: issuer_keys,
            Acquaintances: Acquaintances(),
            KnownClients: KnownClients(),
            Grounds: Grounds(),
            Surroundings: Surroundings(),
            CappedTotals: CappedTotals(),
        }
    )
    desk = Desk(engine=engine, settings=settings, services=services, clock=clock, origin=Origin(request_id="start-up"))
    try:
        await desk.run_in_transaction(tokens.ensure_keys)
        await desk.run(ring.refresh)
        yield desk
    finally:
        await issuer_keys.aclose()
        await engine.dispose()


def _traced(running: Lifespan, tracing: "Tracing") -> Lifespan:
    @asynccontextmanager
    async def traced(app: FastAPI) -> AsyncIterator[None]:
        async with tracing.running(), running(app):
            yield

    return traced


def _running(settings: Settings, database_url: str, clock: Clock, *, with_worker: bool) -> Lifespan:
    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with (
            aclosing(app.state.rate_limits),
            open_desk(settings, database_url=database_url, clock=clock) as desk,
            metrics.sampling(lambda: pool_use(desk.engine)) as app.state.sampler,
            _working(desk) if with_worker else nullcontext(),
        ):
            app.state.office = Office(desk)
            app.state.facts = Facts()
            # What start-up made lives as long as the process; the collector need not look at it again.
            gc.collect()
            gc.freeze()
            yield

    return running


@asynccontextmanager
async def _working(desk: Desk) -> AsyncIterator[None]:
    """Do the worker's duties beside the requests; a round that has begun is finished."""
    stop = asyncio.Event()
    duties = asyncio.create_task(worker.run_duties(replace(desk, origin=Origin(request_id="worker")), stop=stop))
    try:
        yield
    finally:
        stop.set()
        await duties
