"""What no column can hold and no parser should take, at every place of every door: a 4xx with a code, and no echo."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asgi import Answered, send_bytes
from attacks.doors import END, SESSIONS, START, TOKEN, Scene
from attacks.malformed import FORMS, HEADERS, JSON_BODIES, MARKER, QUERIES, SEGMENTS, Header

WELL_KNOWN = ("/.well-known/jwks.json", "/.well-known/oauth-authorization-server")

PARAMETERS = ("user_id", "app_id", "session_id", "code")


@dataclass(frozen=True)
class Route:
    """An operation of the OpenAPI document."""

    method: str
    path: str

    def path_with(self, values: Mapping[str, bytes], default: bytes = b"1") -> bytes:
        """Its path as bytes on the wire."""
        path = self.path.encode()
        for name in PARAMETERS:
            path = path.replace(b"{" + name.encode() + b"}", values.get(name, default))
        return path


def routes_of(app: FastAPI) -> list[Route]:
    """Every operation there is."""
    paths = app.openapi()["paths"]
    return [Route(method.upper(), path) for path, operations in paths.items() for method in operations]


def refused(answer: Answered, *, also: Iterable[int] = ()) -> str | None:
    """What is wrong with a refusal, `None` where it is as it should be."""
    text = answer.body.decode("utf-8") + str(answer.headers)
    if MARKER in text:
        return f"echoes: {text}"
    if answer.status in also:
        return None
    if not 400 <= answer.status < 500:
        return f"{answer.status}: {text}"
    body = json.loads(answer.body)
    return None if body.get("code") or body.get("error") else f"no code: {text}"


async def send(app: FastAPI, scene: Scene, route: Route, **parts: Any) -> Answered:
    """A request of Ana's own, with one part of it spoilt."""
    headers = [(b"authorization", f"Bearer {scene.ana_token}".encode()), *parts.pop("headers", [])]
    path = route.path_with(parts.pop("values", {}))
    return await send_bytes(app, route.method, path, headers=headers, **parts)


JSON_TYPE: list[Header] = [(b"content-type", b"application/json")]
FORM_TYPE: list[Header] = [(b"content-type", b"application/x-www-form-urlencoded")]


@pytest.mark.parametrize("body", JSON_BODIES)
@pytest.mark.parametrize("path", [START, END, "/impersonation/start", "/impersonation/check-permissions"])
async def test_a_body_that_is_no_decent_json_is_refused(app: FastAPI, scene: Scene, path: str, body: str) -> None:
    answer = await send(app, scene, Route("POST", path), headers=JSON_TYPE, chunks=[JSON_BODIES[body]])

    assert refused(answer) is None


@pytest.mark.parametrize("body", JSON_BODIES)
async def test_a_service_that_sends_no_decent_json_is_refused(app: FastAPI, scene: Scene, body: str) -> None:
    service = f"Bearer {await scene.doors.service_token(scene.backoffice)}".encode()
    path = f"/api/v1/users/{scene.bob.id}/impersonation/{scene.spa}".encode()
    headers = [(b"authorization", service), *JSON_TYPE]

    answer = await send_bytes(app, "POST", path, headers=headers, chunks=[JSON_BODIES[body]])

    assert refused(answer) is None


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_that_is_no_decent_form_is_refused(app: FastAPI, form: str) -> None:
    answer = await send_bytes(app, "POST", TOKEN.encode(), headers=FORM_TYPE, chunks=[FORMS[form]])

    assert refused(answer) is None
    assert json.loads(answer.body)["error"] in {
        "invalid_request",
        "invalid_grant",
        "invalid_client",
        "unsupported_grant_type",
    }


@pytest.mark.parametrize("credentials", [b"\x00:a", b"a:\x00", b"\xff:a", b"%00:a", b"a", b"%FF:b", b"%ED%A0%80:b"])
async def test_basic_credentials_that_cannot_be_read_are_refused(app: FastAPI, credentials: bytes) -> None:
    from base64 import b64encode

    headers = [(b"authorization", b"Basic " + b64encode(credentials)), *FORM_TYPE]
    body = b"grant_type=client_credentials"

    answer = await send_bytes(app, "POST", TOKEN.encode(), headers=headers, chunks=[body])

    assert (answer.status, refused(answer)) == (401, None)


@pytest.mark.parametrize("segment", SEGMENTS)
async def test_a_path_that_names_nothing_is_refused(app: FastAPI, scene: Scene, segment: str) -> None:
    service = await scene.doors.service_token(scene.backoffice)
    spoilt = SEGMENTS[segment]
    body = json.dumps({"impersonatorToken": scene.ana_token}).encode()
    headers = [(b"authorization", f"Bearer {service}".encode()), *JSON_TYPE]
    user, spa = str(scene.bob.id).encode(), scene.spa.encode()
    paths = {
        b"/api/v1/users/" + spoilt + b"/impersonation/" + spa,
        b"/api/v1/users/" + user + b"/impersonation/" + spoilt,
    }

    answers = [await send_bytes(app, "POST", path, headers=headers, chunks=[body]) for path in sorted(paths)]
    answers.append(await send(app, scene, Route("GET", SESSIONS + "/{session_id}"), values={"session_id": spoilt}))

    assert [refused(answer) for answer in answers] == [None] * 3


@pytest.mark.parametrize("query", QUERIES)
async def test_a_filter_that_means_nothing_is_refused(app: FastAPI, scene: Scene, query: str) -> None:
    answer = await send(app, scene, Route("GET", SESSIONS), query=QUERIES[query])

    # A span of time that nothing can lie in is a question all the same.
    assert refused(answer, also=[200] if "epoch" in query or "year one" in query else []) is None


@pytest.mark.parametrize("header", HEADERS)
async def test_a_header_that_cannot_be_is_refused_at_every_door(app: FastAPI, header: str) -> None:
    spoilt = HEADERS[header]
    open_doors = {"/health/live", "/health/ready", "/info", "/problems", "/oauth2/v1/token", *WELL_KNOWN}

    for route in routes_of(app):
        answer = await send_bytes(app, route.method, route.path_with({}), headers=[spoilt])

        assert refused(answer, also=[200] if route.path in open_doors else []) is None


@pytest.mark.parametrize("spoilt", ["%00", "%ED%A0%80", "%FF", "%zz"])
async def test_no_route_takes_what_is_no_text_in_path_or_query(app: FastAPI, spoilt: str) -> None:
    for route in routes_of(app):
        values = dict.fromkeys(PARAMETERS, spoilt.encode())
        in_query = await send_bytes(app, route.method, route.path_with({}), query=b"a=" + spoilt.encode())
        in_path = await send_bytes(app, route.method, route.path_with(values) + b"/" + spoilt.encode())

        assert (refused(in_query), refused(in_path)) == (None, None)


async def test_a_validation_error_never_echoes_a_token(app: FastAPI, scene: Scene) -> None:
    token = scene.bob_token
    bodies = [
        {"target_user_id": "x", "mode": token},
        {"target_user_id": "x", token: 1},
        {"target_user_id": "x", "duration_seconds": token},
        {"target_user_id": "x", "expires_at": token},
        {"target_user_id": "x", "permissions": token},
        {"target_user_id": "x", "reason": token * 2},
        {"target_user_id": token * 2},
        {"impersonatorToken": [token]},
        {"session_id": token},
    ]
    for path in (START, END, f"/api/v1/users/{token[:200]}/impersonation/{token[:200]}"):
        for body in bodies:
            route, chunks = Route("POST", path), [json.dumps(body).encode()]
            answer = await send(app, scene, route, headers=JSON_TYPE, chunks=chunks)

            assert 400 <= answer.status < 500
            assert token[-80:] not in answer.body.decode()
            assert token[:40] not in answer.body.decode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=5,
)

MEMBERS = (
    "target_user_id",
    "reason",
    "client_id",
    "workspace_id",
    "mode",
    "permissions",
    "duration_seconds",
    "expires_at",
    "ticket",
    "metadata",
)

anything = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@anything
@given(body=st.dictionaries(st.sampled_from(MEMBERS), VALUES, min_size=1))
async def test_any_values_in_a_start_are_no_fault_of_ours(app: FastAPI, scene: Scene, body: dict[str, Any]) -> None:
    whole = json.dumps({"target_user_id": str(scene.bob.id)} | body).encode()

    answer = await send(app, scene, Route("POST", START), headers=JSON_TYPE, chunks=[whole])

    assert 200 <= answer.status < 500


FILTERS = ("impersonator", "target", "client", "status", "from", "to", "q", "limit", "cursor")


@anything
@given(filters=st.dictionaries(st.sampled_from(FILTERS), st.text(st.characters(codec="utf-8")), min_size=1))
async def test_any_values_in_a_filter_are_no_fault_of_ours(app: FastAPI, scene: Scene, filters: dict[str, str]) -> None:
    query = "&".join(f"{name}={quote(value)}" for name, value in filters.items()).encode()

    answer = await send(app, scene, Route("GET", SESSIONS), query=query)

    assert 200 <= answer.status < 500


@anything
@given(moment=st.datetimes(timezones=st.timezones()), name=st.sampled_from(["from", "to"]))
async def test_any_moment_in_a_filter_is_a_question(app: FastAPI, scene: Scene, moment: Any, name: str) -> None:
    query = f"{name}={quote(moment.isoformat())}".encode()

    answer = await send(app, scene, Route("GET", SESSIONS), query=query)

    assert answer.status in {200, 422}
