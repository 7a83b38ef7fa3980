"""Any bytes at any place of a request: an answer below 500, and nothing of it repeated."""

import json

from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asgi import send_bytes

MARKER = b"hunter2!hunter2"

DOORS = [b"/probe/json", b"/probe/needed", b"/probe/form", b"/probe/count", b"/problems", b"/health/live"]
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "BREW"])
MEDIA_TYPES = st.sampled_from([b"application/json", b"application/x-www-form-urlencoded", b"text/plain"])
MARKED = st.builds(lambda before, after: before + MARKER + after, st.binary(max_size=40), st.binary(max_size=40))
URI_BYTES = st.text(alphabet="%0123456789abcdefABCDEFxyz=&+;/.~", max_size=60).map(str.encode) | MARKED

thorough = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "count", "labels"]) | st.text(), inner)
    ),
    max_leaves=8,
)


@thorough
@given(method=METHODS, media_type=MEDIA_TYPES, body=MARKED, door=st.sampled_from(DOORS))
async def test_any_bytes_as_a_body(room_app: FastAPI, method: str, media_type: bytes, body: bytes, door: bytes) -> None:
    answer = await send_bytes(
        room_app, method, door, headers=[(b"content-type", media_type)], chunks=[body[:20], body[20:]]
    )

    assert 200 <= answer.status < 500
    assert answer.status == 200 or MARKER not in answer.body


@thorough
@given(value=JSON_VALUES, door=st.sampled_from(DOORS[:2]))
async def test_any_json_as_a_body(room_app: FastAPI, value: object, door: bytes) -> None:
    body = json.dumps(value).encode()

    answer = await send_bytes(room_app, "POST", door, headers=[(b"content-type", b"application/json")], chunks=[body])

    assert 200 <= answer.status < 500


@thorough
@given(path=URI_BYTES, query=URI_BYTES)
async def test_any_bytes_as_path_and_query(room_app: FastAPI, path: bytes, query: bytes) -> None:
    answer = await send_bytes(room_app, path=b"/problems/" + path, query=query)

    assert 200 <= answer.status < 500
    assert MARKER not in answer.body


@thorough
@given(query=URI_BYTES)
async def test_any_bytes_as_a_parameter(room_app: FastAPI, query: bytes) -> None:
    answer = await send_bytes(room_app, path=b"/probe/count", query=b"upto=" + query)

    assert 200 <= answer.status < 500
    assert MARKER not in answer.body


@thorough
@given(
    name=st.sampled_from(
        ["content-type", "content-length", "x-request-id", "traceparent", "x-forwarded-for", "user-agent"]
    ),
    values=st.lists(MARKED, min_size=1, max_size=3),
)
async def test_any_bytes_in_headers(room_app: FastAPI, name: str, values: list[bytes]) -> None:
    headers = [(name.encode(), value) for value in values]

    answer = await send_bytes(room_app, "POST", b"/probe/json", headers=headers, chunks=[b"{}"])

    assert 200 <= answer.status < 500
    assert MARKER not in answer.body + str(answer.headers).encode()
