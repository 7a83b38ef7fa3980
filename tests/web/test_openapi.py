import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
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


@pytest.fixture(scope="session")
def contents(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Everything that goes in or out at real doors, by what it is."""
    return {
        f"{operation['operationId']} {place} {media_type}": content
        for path, operations in document["paths"].items()
        if not path.startswith("/probe/")
        for operation in operations.values()
        for place, parts in _bodies(operation)
        for media_type, content in parts.get("content", {}).items()
    }


def _bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "request", operation.get("requestBody", {})
    yield from operation["responses"].items()


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


def test_everything_that_goes_in_or_out_has_an_example(contents: dict[str, dict[str, Any]]) -> None:
    bare = [name for name, content in contents.items() if not content.get("examples")]

    assert bare == []
    assert len(contents) > 100


def test_every_example_is_what_its_schema_says(
    document: dict[str, Any], contents: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    cases = [
        (content["schema"], each["value"]) for content in contents.values() for each in content["examples"].values()
    ]
    schema = {"components": document["components"], "prefixItems": [schema for schema, _ in cases]}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    (tmp_path / "examples.json").write_text(json.dumps([value for _, value in cases]))

    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", "schema.json", "examples.json"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603  our own words

    assert checked.stdout.splitlines() == ["ok -- validation done"]


def test_every_example_of_an_error_is_of_the_status_it_stands_under(document: dict[str, Any]) -> None:
    misplaced = [
        (path, status, code)
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        for code, example in response.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
        if status not in {"default", str(example["value"]["status"])}
    ]

    assert misplaced == []


def test_no_name_stands_for_two_bodies(document: dict[str, Any]) -> None:
    doors = ["/api/admin/impersonate", "/impersonation/start"]

    schemas = {
        document["paths"][door]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for door in doors
    }

    assert len(schemas) == len(doors)


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/oauth2/v1/token", {"200", "400", "401", "408", "413", "429", "503", "default"}),
        ("/oauth2/v1/introspect", {"200", "400", "401", "408", "413", "429", "503", "default"}),
        ("/oauth2/v1/revoke", {"200", "400", "401", "408", "413", "429", "503", "default"}),
        ("/oauth2/v1/userinfo", {"200", "400", "401", "403", "429", "503", "default"}),
        ("/identity/v1/logout", {"200", "400", "401", "403", "408", "409", "413", "429", "503", "default"}),
    ],
)
def test_doors_document_the_statuses_they_answer(document: dict[str, Any], path: str, statuses: set[str]) -> None:
    (operation,) = document["paths"][path].values()

    assert operation["responses"].keys() == statuses


@pytest.mark.parametrize("word", ["invalid_grant", "invalid_scope", "unauthorized_client", "unsupported_grant_type"])
def test_the_token_door_documents_the_words_of_rfc_6749(document: dict[str, Any], word: str) -> None:
    response = document["paths"]["/oauth2/v1/token"]["post"]["responses"]["400"]

    examples = response["content"]["application/json"]["examples"].values()
    assert word in {example["value"]["error"] for example in examples}


@pytest.mark.parametrize("path", ["/oauth2/v1/token", "/oauth2/v1/userinfo", "/api/admin/impersonate"])
def test_how_long_to_wait_is_documented(document: dict[str, Any], path: str) -> None:
    (operation,) = document["paths"][path].values()

    assert operation["responses"]["429"]["headers"]["Retry-After"]["schema"] == {"type": "integer", "minimum": 1}
