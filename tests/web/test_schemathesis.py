"""Whoever asks whatever: the answer is one that the OpenAPI document announces, and none is a fault of ours."""

from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis import Case
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy.ext.asyncio import AsyncEngine

from announced import Later, Stage, make_stage, strict
from attacks.doors import Doors
from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from impersonator_api.work import Desk

CONFIG = {
    # The same requests every time; what is drawn by chance is found by those who run it with another seed.
    "seed": 1,
    "generation": {
        "deterministic": True,
        "database": "none",
        "max-examples": 6,
        # Who asks is for the test to say.
        "with-security-parameters": False,
    },
    "phases": {"stateful": {"enabled": False}},
}

# Made for its document alone: nothing outside is touched before a lifespan starts.
document = schemathesis.openapi.from_dict(
    strict(create_app(Settings(), database_url="postgresql+asyncpg://nowhere/none")),
    config=schemathesis.Config.from_dict(CONFIG),
)
document.app = service = Later()


@pytest.fixture(scope="module")
def served(database_url: str) -> Iterator[None]:
    """The application in schemathesis' own event loop; its failures come from one address, so there is no limit."""
    settings = Settings(master_key=MASTER_KEY, failed_rate_limit="off", failed_address_rate_limit="off")
    service.app = create_app(settings, database_url=database_url, with_worker=False)
    yield
    shutdown_lifespans()


@pytest.fixture
async def stage(engine: AsyncEngine, signing_desk: Desk, http: httpx.AsyncClient) -> Stage:
    """A tenant of each operation's own, as some of them end sessions and withdraw consents."""
    return await make_stage(engine, signing_desk, Doors(http))


@pytest.fixture
def statuses() -> Iterator[set[int]]:
    """What an operation answered; without a success its success would never have been held to the document."""
    answered: set[int] = set()
    yield answered
    assert any(httpx.codes.is_success(status) for status in answered), sorted(answered)


@pytest.mark.slow
@pytest.mark.usefixtures("served")
@document.parametrize()
@hypothesis.settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_every_answer_is_announced(case: Case[Any], stage: Stage, statuses: set[int]) -> None:
    askers = stage.askers(case)
    stage.put_on(case)

    for headers in askers:
        answer = case.call_and_validate(
            headers=headers,
            # No schema says that an expiry is in the future, or a cursor one of ours: such requests are refused too.
            excluded_checks=[positive_data_acceptance],
        )
        statuses.add(answer.status_code)
