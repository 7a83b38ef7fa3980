"""The OpenAPI document: every body, every error and every way to sign in, with examples."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from typing_extensions import override

from impersonator_api.errors import ServiceError
from impersonator_api.web.errors import (
    HeadersTooLargeError,
    MethodNotAllowedError,
    OverloadedError,
    UnexpectedError,
    UriTooLongError,
)
from impersonator_api.web.examples.problems import PATH_SEGMENTS, PROBLEM_MEMBERS
from impersonator_api.web.problems import MEDIA_TYPE

Json = dict[str, Any]

HOISTED = "x-components"
"""Under this name an operation carries schemas until the document gathers them in its components."""

PACKED = "x-examples"
"""Under this name a response carries its examples as text: FastAPI would leave every null out of them."""

DESCRIPTION = """\
Lets support staff, services and agents act as a user: with a right to do so, a reason, a limit, an end that takes
effect at once, and a record. Errors are `application/problem+json` with a stable `code`; on `/oauth2` they are
what RFC 6749 §5.2 says.
"""

TAGS = [
    {"name": "impersonation", "description": "Start, end, list and show impersonation sessions."},
    {
        "name": "users",
        "description": "Service to service: a token for a single-page application, and who acts as whom in it.",
    },
    {"name": "oauth", "description": "Tokens, and whom they stand for."},
    {"name": "discovery", "description": "Keys and metadata for verifiers."},
    {"name": "health", "description": "For whoever operates the service."},
]

SECURITY_SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token."},
    "dpop": {
        "type": "http",
        "scheme": "dpop",
        "description": "An access token that is bound to a key, with a proof in the header DPoP (RFC 9449 §7.1).",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "auth_token",
        "description": "The same token for a browser, only without an Authorization header, and with the CSRF guard.",
    },
    "basic": {"type": "http", "scheme": "basic", "description": "Client id and secret, form-encoded first."},
}

PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457). Some codes have members of their own.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Leads to a page about the code."},
        "title": {"type": "string"},
        "status": {"type": "integer", "description": "The HTTP status again."},
        "detail": {"type": "string", "description": "What to do, for a person."},
        "instance": {"type": "string", "format": "uri", "description": "This very occurrence; holds the request id."},
        "code": {"type": "string", "description": "Stable for ever; what programs compare."},
        "errors": {
            "type": "array",
            "description": "Where a schema was broken; never with what was sent.",
            "items": {
                "type": "object",
                "required": ["message"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer into the body."},
                    "parameter": {"type": "string", "description": "Or the name of a parameter."},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

RETRY_AFTER: Json = {
    "description": "Seconds after which the same request may be sent again.",
    "schema": {"type": "integer", "minimum": 1},
}

OF_ALL: Sequence[type[ServiceError]] = (
    MethodNotAllowedError,
    UriTooLongError,
    HeadersTooLargeError,
    OverloadedError,
    UnexpectedError,
)
"""What any door may answer; told as its default response."""

OAUTH = "/oauth2/"
"""Below this path errors are RFC 6749 §5.2 JSON, except where a bearer asks."""

USERINFO = "/oauth2/v1/userinfo"

OAUTH_ERROR: Json = {
    "type": "object",
    "title": "OAuthError",
    "description": "What went wrong (RFC 6749 §5.2).",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}

ANY_OAUTH_ERROR: Json = {
    "description": "Any other error.",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/OAuthError"},
            "examples": {
                "internal-error": {"value": {"error": "server_error", "error_description": "Something broke."}},
                "method-not-allowed": {"value": {"error": "invalid_request", "error_description": "Use POST."}},
            },
        }
    },
}


class DocumentedService(FastAPI):
    """FastAPI whose document says what the service really answers."""

    @override
    def openapi(self) -> Json:
        """The document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def completed(document: Json) -> Json:
    """Gather schemas, add the problem document, drop the validation error that is FastAPI's and not ours."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for path, operation in _operations(document):
        schemas.update(operation.pop(HOISTED, {}))
        _add_path_examples(operation.get("parameters", []))
        _unpack_examples(operation["responses"])
        _replace_default_errors(operation["responses"], speaks_oauth=path.startswith(OAUTH) and path != USERINFO)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(Problem=PROBLEM, OAuthError=OAUTH_ERROR)
    components["securitySchemes"] = SECURITY_SCHEMES
    return document


def openapi_body(model: type[BaseModel], examples: Mapping[str, object] | None = None) -> Json:
    """For `openapi_extra=`: the JSON body that a door reads itself, with named examples."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inner = schema.pop("$defs", {})
    content: Json = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    if examples:
        content["examples"] = _named(examples)
    is_required = bool(schema.get("required"))
    return {
        "requestBody": {"required": is_required, "content": {"application/json": content}},
        HOISTED: {**inner, model.__name__: schema},
    }


def openapi_query(model: type[BaseModel]) -> Json:
    """For `openapi_extra=`: the query that a door reads itself."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    required = schema.get("required", ())
    parameters = []
    for name, about in schema["properties"].items():
        parameter = {"name": name, "in": "query", "required": name in required, "schema": about}
        parameters.append(parameter | ({"description": about["description"]} if "description" in about else {}))
    return {"parameters": parameters, HOISTED: schema.get("$defs", {})}


def openapi_form(
    properties: Mapping[str, str],
    *,
    examples: Mapping[str, object],
    required: Sequence[str] = (),
    repeatable: Collection[str] = (),
) -> Json:
    """For `openapi_extra=`: the form that an OAuth door reads itself; parameters with their descriptions."""
    text = {"type": "string"}
    # On the wire one value of a list is the value itself.
    texts = {"anyOf": [text, {"type": "array", "items": text}]}
    schema: Json = {
        "type": "object",
        "properties": {
            name: {**(texts if name in repeatable else text), "description": said} for name, said in properties.items()
        },
        "required": list(required),
    }
    content = {"application/x-www-form-urlencoded": {"schema": schema, "examples": _named(examples)}}
    return {"requestBody": {"required": True, "content": content}}


def openapi_security(*schemes: str, or_none: bool = False) -> Json:
    """For `openapi_extra=`: ways to sign in, of which one is enough; `or_none` where a public client need not."""
    # Wherever an access token is taken, one that is bound to a key is taken too.
    known = [each for scheme in schemes for each in ((scheme, "dpop") if scheme == "bearer" else (scheme,))]
    return {"security": [{scheme: []} for scheme in known] + [{}] * or_none}


def answer_documented(examples: Mapping[str, object], *, status: int = 200) -> dict[int | str, Json]:
    """For `responses=`: what a door answers where all went well; the schema comes from its return type."""
    return {status: {"content": {"application/json": {PACKED: json.dumps(_named(examples))}}}}


def headers_documented(error: type[ServiceError]) -> Json:
    """The header fields that an error brings along (web/problems.py)."""
    return {} if error.retry_after is None else {"headers": {"Retry-After": RETRY_AFTER}}


def oauth_error_documented() -> Json:
    """A response for errors of RFC 6749; description and examples are to come."""
    schema = {"$ref": "#/components/schemas/OAuthError"}
    return {"description": "", "content": {"application/json": {"schema": schema, "examples": {}}}}


def problems_documented(*errors: type[ServiceError]) -> dict[int | str, Json]:
    """For `responses=`: the errors of a door, gathered by status, each code with an example."""
    documented: dict[int | str, Json] = {}
    for error in errors:
        response = documented.setdefault(error.status, {"description": "", "content": {MEDIA_TYPE: _problem_content()}})
        response.update(headers_documented(error))
        response["content"][MEDIA_TYPE]["examples"][error.code] = _example(error.code, error.title, error.status)
        response["description"] = "; ".join(filter(None, (response["description"], f"`{error.code}`")))
    return documented


def _problem_content() -> Json:
    return {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}


def _named(examples: Mapping[str, object]) -> Json:
    return {name: {"value": value} for name, value in examples.items()}


def _any_problem() -> Json:
    documented = problems_documented(*OF_ALL).values()
    examples = {name: each for one in documented for name, each in one["content"][MEDIA_TYPE]["examples"].items()}
    return {"description": "Any other problem.", "content": {MEDIA_TYPE: _problem_content() | {"examples": examples}}}


# One for all doors.
@cache
def _example(code: str, title: str, status: int) -> Json:
    standard = {
        "type": f"https://impersonator.example/problems/{code}",
        "title": title,
        "status": status,
        "detail": f"{title}.",
        "instance": "urn:impersonator:request:019aa5e2-7b0c-7c3e-9b1a-2f6f0d1c9e11",
        "code": code,
    }
    return {"value": standard | PROBLEM_MEMBERS.get(code, {})}


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, operations in document.get("paths", {}).items():
        for operation in operations.values():
            yield path, operation


def _add_path_examples(parameters: Sequence[Json]) -> None:
    for parameter in parameters:
        if parameter["in"] == "path" and parameter["name"] in PATH_SEGMENTS:
            parameter["example"] = PATH_SEGMENTS[parameter["name"]]


def _unpack_examples(responses: Json) -> None:
    for response in responses.values():
        for content in response.get("content", {}).values():
            if PACKED in content:
                content["examples"] = json.loads(content.pop(PACKED))


def _replace_default_errors(responses: Json, *, speaks_oauth: bool) -> None:
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    responses.setdefault("default", ANY_OAUTH_ERROR if speaks_oauth else _any_problem())
