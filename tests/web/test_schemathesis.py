"""Whoever asks whatever: the answer is one that the OpenAPI document announces, and none is a fault of ours."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis import APIOperation, Case
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy.ext.asyncio import AsyncEngine

from announced import Stage, make_stage, strict
from attacks.doors import Doors
from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from impersonator_api.work import Desk

Operations = Mapping[str, APIOperation[Any, Any, Any, Any]]

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
PATIENT = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])

# For its document alone: an application touches nothing outside before its lifespan starts.
PATHS = create_app(Settings(), database_url="postgresql+asyncpg://nowhere/none").openapi()["paths"]
LABELS = [f"{method.upper()} {path}" for path, methods in PATHS.items() for method in methods]


@pytest.fixture(scope="module")
def operations(database_url: str) -> Iterator[Operations]:
    """All operations of the application, which runs in schemathesis' own event loop; all fail at one address."""
    settings = Settings(master_key=MASTER_KEY, failed_rate_limit="off", failed_address_rate_limit="off")
    app = create_app(settings, database_url=database_url, with_worker=False)
    document = schemathesis.openapi.from_dict(strict(app), config=schemathesis.Config.from_dict(CONFIG))
    document.app = app
    yield {found.label: found for found in map(document.find_operation_by_label, LABELS) if found}
    shutdown_lifespans()


@pytest.fixture
async def stage(engine: AsyncEngine, signing_desk: Desk, http: httpx.AsyncClient) -> Stage:
    """A tenant of each operation's own, as some of them end sessions and withdraw consents."""
    return await make_stage(engine, signing_desk, Doors(http))


def in_many_ways(operation: APIOperation[Any, Any, Any, Any], test: Callable[[Case[Any]], None]) -> Callable[[], None]:
    """A test of the operation's examples, of the boundaries of its schema, and of what is drawn by chance.

    `schema.parametrize()` would say the same, but pytest 9.2 gives all items that it makes one id.
    """
    return build_operation_test(
        config=operation.schema.config,
        operation=operation,
        test_func=test,
        given_kwargs={},
        feedback=FeedbackSources(),
        explicit_settings=PATIENT,
    )


@pytest.mark.slow
@pytest.mark.parametrize("label", LABELS)
def test_every_answer_is_announced(label: str, operations: Operations, stage: Stage) -> None:
    answered: set[int] = set()

    def hold_to_the_document(case: Case[Any]) -> None:
        askers = stage.askers(case)
        stage.put_on(case)
        for headers in askers:
            # No schema says that an expiry is in the future, or a cursor one of ours: such requests are refused too.
            answer = case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])
            answered.add(answer.status_code)

    in_many_ways(operations[label], hold_to_the_document)()

    # An operation that never succeeds was never held to what its success looks like.
    assert any(map(httpx.codes.is_success, answered)), sorted(answered)
