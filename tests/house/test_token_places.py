"""The tables of the token attacks know every door: a new route or parameter fails until somebody has put it there."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Route

from attacks.causes import CAUSES
from attacks.routes import FORMS, OPEN, ROUTES
from attacks.test_ends_at_every_door import GONE, LOOKS, OF_THE_SESSION
from attacks.token_kinds import KINDS
from attacks.token_places import PLACES
from attacks.token_uses import MEANT_FOR, TOLD_WHY
from impersonator_api.app import ROUTERS, create_app
from impersonator_api.sessions import EndReason
from impersonator_api.settings import Settings

CARRY_NO_TOKEN = frozenset(
    {
        "actor_token_type",
        "audience",
        "client_assertion_type",
        "client_id",
        "code_challenge",
        "duration",
        "duration_seconds",
        "expiresAt",
        "expires_at",
        "grant_type",
        "impersonatedUserId",
        "may_act",
        "metadata",
        "mode",
        "permissions",
        "post_logout_redirect_uri",
        "reason",
        "redirect_uri",
        "requested_token_type",
        "resource",
        "scope",
        "session_id",
        "subject_token_type",
        "target_user_id",
        "ticket",
        "token_type_hint",
        "workspace",
        "workspaceId",
        "workspace_id",
    }
)
"""Members of forms and JSON bodies."""

TELL_NO_SESSION = frozenset({"users", "show_user", "list_consented_apps", "list_apps", "userinfo"})
"""Of the routes that are read."""

PAGES = {"/problems", "/problems/{code}", "/.well-known/oauth-authorization-server/{path:path}"}
"""Routes that are in no document: they are for people, or another address of one that is, and take nothing."""


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings(), database_url="postgresql+asyncpg://nobody@nowhere/nothing", with_worker=False)


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every documented operation."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def parameters(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every operation with every member of its bodies and every header that is its own."""
    schemas = app.openapi()["components"]["schemas"]
    for _, _, operation in operations(app):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"]
            members = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            yield from ((operation["operationId"], name) for name in members["properties"])
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header":
                yield operation["operationId"], parameter["name"]


def test_every_route_is_tried_with_tokens_or_takes_none(app: FastAPI) -> None:
    documented = {operation["operationId"]: (method, path) for method, path, operation in operations(app)}
    tried = {name: (route.method, route.path) for name, route in ROUTES.items()}

    assert documented.keys() == ROUTES.keys() | FORMS | OPEN
    assert {name: documented[name] for name in ROUTES} == tried
    assert {route.path for router in ROUTERS for route in router.routes if isinstance(route, Route)} == {
        path for _, path in documented.values()
    } | PAGES


def test_every_route_that_wants_a_token_says_so_and_the_others_do_not(app: FastAPI) -> None:
    secured = {
        operation["operationId"]
        for _, _, operation in operations(app)
        if {"bearer": []} in operation.get("security", [])
    }

    assert secured == ROUTES.keys()


def test_every_parameter_that_takes_a_token_is_a_place_to_try(app: FastAPI) -> None:
    documented, tried = set(parameters(app)), {place.parameter for place in PLACES.values()}

    taking = {f"{operation}.{name}" for operation, name in documented if name not in CARRY_NO_TOKEN}
    assert taking - tried == set()
    assert {name for _, name in documented} >= CARRY_NO_TOKEN


def test_the_tables_speak_of_kinds_and_places_that_there_are() -> None:
    for table in (MEANT_FOR, TOLD_WHY):
        assert table.keys() <= KINDS.keys()
        assert {place for places in table.values() for place in places} <= PLACES.keys()
    assert not [kind for kind in KINDS if MEANT_FOR.get(kind, {}).keys() & TOLD_WHY.get(kind, {}).keys()]
    assert {outcome[0] for outcomes in MEANT_FOR.values() for outcome in outcomes.values()} == {"2"}
    assert {outcome[0] for outcomes in TOLD_WHY.values() for outcome in outcomes.values()} == {"4"}


def test_every_reason_of_an_end_has_a_cause_that_is_tried() -> None:
    assert {cause.reason for cause in CAUSES.values()} == set(EndReason)


def test_every_list_is_looked_at_after_an_end_or_tells_of_no_session() -> None:
    lists = {name for name, route in ROUTES.items() if route.method == "GET"}

    assert lists - TELL_NO_SESSION == {route for looks in LOOKS.values() for route in looks}
    assert lists >= GONE | TELL_NO_SESSION


def test_every_kind_that_is_made_of_a_session_dies_with_it() -> None:
    assert list(KINDS)[: len(OF_THE_SESSION)] == list(OF_THE_SESSION)
