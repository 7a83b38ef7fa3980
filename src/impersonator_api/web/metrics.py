"""What is counted, for Prometheus; there is no such door unless a token guards it."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from impersonator_api import __version__, metrics, sessions, tokens
from impersonator_api.errors import ServiceError, UnauthenticatedError
from impersonator_api.metrics import Fact, Sampler, catalogue
from impersonator_api.settings import MetricsToken, Settings
from impersonator_api.tokens import InvalidTokenError, KeyState
from impersonator_api.web.work import Office, office_of
from impersonator_api.work import Work

router = APIRouter(include_in_schema=False)

FRESH_FOR = 5.0
"""Seconds for which the database is not asked again, however many ask us."""

PATIENCE = 2.0
"""Seconds; Prometheus itself waits for ten, and wants the counters most of all while the database is slow."""


class Facts:
    """What the database says, remembered for some seconds; it lies in `app.state.facts`."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._known: Sequence[Fact] = ()
        self._asked_at = float("-inf")

    async def known(self, office: Office) -> Sequence[Fact]:
        """The latest facts; where the database does not answer, that it does not."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if now - self._asked_at >= FRESH_FOR:
                self._known, self._asked_at = await _asked(office), now
            return self._known


@router.get("/metrics")
async def show_metrics(request: Request) -> Response:
    """Everything that all workers of this server counted."""
    office = office_of(request.scope)
    _refuse_strangers(request, office.settings.metrics_token)
    sampler: Sampler = request.app.state.sampler
    sampler.sample()
    facts = [*await request.app.state.facts.known(office), *_settled(office.settings)]
    # In a thread: with several workers it reads files.
    return Response(await run_in_threadpool(metrics.exposed, facts), media_type=metrics.MEDIA_TYPE)


def _refuse_strangers(request: Request, token: MetricsToken | None) -> None:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token is None:
        raise UnauthenticatedError("Send the metrics token as a bearer token.")
    # Digests, because the time of a comparison may tell how long the token is.
    if not compare_digest(_digest(shown), _digest(token.get_secret_value())):
        raise InvalidTokenError("That is not IMPERSONATOR_METRICS_TOKEN.")


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


async def _asked(office: Office) -> Sequence[Fact]:
    try:
        async with asyncio.timeout(PATIENCE):
            return [*await office.pattern.run(_facts), Fact(catalogue.DATABASE_ANSWERS, 1)]
    except (ServiceError, TimeoutError):
        return [Fact(catalogue.DATABASE_ANSWERS, 0)]


async def _facts(work: Work) -> Sequence[Fact]:
    running = await sessions.count_running(work)
    current = [key for key in await tokens.list_keys(work) if key.state is KeyState.CURRENT]
    ages = {key.alg: work.now - (key.current_at or key.created_at) for key in current}
    return [
        Fact(catalogue.ACTIVE_SESSIONS, running),
        *[Fact(catalogue.KEY_AGE, age.total_seconds(), {"alg": alg}) for alg, age in ages.items()],
    ]


def _settled(settings: Settings) -> Sequence[Fact]:
    lifetime = settings.signing_key_lifetime
    scheduled = [] if lifetime is None else [Fact(catalogue.KEY_LIFETIME, lifetime.total_seconds())]
    return [*scheduled, Fact(catalogue.BUILD, 1, {"version": __version__})]
