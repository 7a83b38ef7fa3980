import re
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


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r"'#/components/schemas/([^']+)'", str(document)))

    assert references <= document["components"]["schemas"].keys()
    assert "#/$defs" not in str(document)


def test_ways_to_sign_in_are_described(document: dict[str, Any]) -> None:
    asked = set(re.findall(r"'security': \[\{'(\w+)'", str(document)))

    assert asked <= document["components"]["securitySchemes"].keys()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/oauth2/v1/token", "application/json"),
        ("/oauth2/v1/userinfo", "application/problem+json"),
        ("/api/admin/impersonate", "application/problem+json"),
    ],
)
def test_other_errors_are_documented_in_the_words_of_their_path(
    document: dict[str, Any], path: str, media_type: str
) -> None:
    (operation,) = document["paths"][path].values()

    assert operation["responses"]["default"]["content"].keys() == {media_type}


async def test_errors_are_told_in_the_words_of_their_path(room: httpx.AsyncClient) -> None:
    token, nothing = await room.get("/oauth2/v1/token"), await room.get("/oauth2/v1/nothing")
    userinfo = await room.post("/oauth2/v1/userinfo")

    assert [answer.json()["error"] for answer in (token, nothing)] == ["invalid_request", "invalid_request"]
    assert (token.status_code, token.headers["Allow"]) == (405, "POST")
    assert userinfo.json()["code"] == "method-not-allowed"
