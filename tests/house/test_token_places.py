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
        "duration",
        "grant_type",
        "may_act",
        "mode",
        "permissions",
        "post_logout_redirect_uri",
        "reason",
        "redirect_uri",
        "requested_token_type",
        "resource",
        "scope",
        "subject_token_type",
        "ticket",
        "token_type_hint",
        "workspace",
    }
)
"""Parameters of the forms."""

BODIES_CARRY_NO_TOKEN = frozenset(
    {
        "client_id",
        "code_challenge",
        "duration_seconds",
        "expiresAt",
        "expires_at",
        "impersonatedUserId",
        "metadata",
        "mode",
        "permissions",
        "reason",
        "session_id",
        "target_user_id",
        "ticket",
        "workspaceId",
        "workspace_id",
    }
)
"""Members of the JSON bodies."""

FORM, JSON = "application/x-www-form-urlencoded", "application/json"

TELL_NO_SESSION = frozenset({"users", "show_user", "list_consented_apps", "list_apps", "userinfo"})
"""Of the routes that are read."""

PAGES = {"/problems", "/problems/{code}"}
"""Routes that are in no document: they are for people, and take nothing."""


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings(), database_url="postgresql+asyncpg://nobody@nowhere/nothing", with_worker=False)


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every documented operation."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def names_in(app: FastAPI, media_type: str) -> set[str]:
    """The parameters of all bodies of that type."""
    schemas = app.openapi()["components"]["schemas"]
    found: set[str] = set()
    for _, _, operation in operations(app):
        schema = operation.get("requestBody", {}).get("content", {}).get(media_type, {}).get("schema", {})
        schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        found |= set(schema.get("properties", {}))
    return found


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
    tried = {place.parameter for place in PLACES.values()}
    headers = {
        parameter["name"]
        for _, _, operation in operations(app)
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header"
    }

    for media_type, others in ((FORM, CARRY_NO_TOKEN), (JSON, BODIES_CARRY_NO_TOKEN)):
        named = names_in(app, media_type)
        assert (named - others <= tried, others <= named) == (True, True)
    assert headers <= tried
    assert tried.isdisjoint(CARRY_NO_TOKEN | BODIES_CARRY_NO_TOKEN)


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
