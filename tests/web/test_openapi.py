from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from impersonator_api.errors import ConcurrentChangeError, ConflictError, NotFoundError
from impersonator_api.web.openapi import problems_documented


@pytest.fixture(scope="session")
def document(room_app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    return room_app.openapi()


async def test_the_document_is_served(room: httpx.AsyncClient) -> None:
    answer = await room.get("/openapi.json")

    assert answer.json()["info"]["title"] == "Impersonator API"


def test_a_body_that_a_door_reads_itself_is_documented(document: dict[str, Any]) -> None:
    operation = document["paths"]["/probe/json"]["post"]

    content = operation["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Parcel"}
    assert content["examples"] == {"small": {"value": {"name": "a"}}}
    assert "x-components" not in operation


def test_fastapis_own_validation_error_is_gone(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in str(document)


def test_every_operation_documents_problems(document: dict[str, Any]) -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]

    assert all("default" in operation["responses"] for operation in operations)


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]

    assert len(names) == len(set(names))


def test_errors_are_gathered_by_status() -> None:
    documented = problems_documented(NotFoundError, ConflictError, ConcurrentChangeError)

    assert documented.keys() == {404, 409}
    examples = documented[409]["content"]["application/problem+json"]["examples"]
    assert examples.keys() == {"conflict", "concurrent-change"}
