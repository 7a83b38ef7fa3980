import json

import httpx
import pytest
from fastapi import FastAPI

from asgi import Answered, send_bytes
from impersonator_api.web import bodies
from impersonator_api.web.limits import MAX_BODY, MAX_HEADERS, MAX_URI_PART

AS_JSON = (b"content-type", b"application/json")


def code_of(answer: Answered) -> str:
    return str(json.loads(answer.body)["code"])


async def test_a_body_that_says_it_is_too_large_is_not_read(room_app: FastAPI) -> None:
    length = (b"content-length", str(MAX_BODY + 1).encode())

    answer = await send_bytes(room_app, "POST", b"/probe/json", headers=[AS_JSON, length], chunks=())

    assert (answer.status, code_of(answer)) == (413, "body-too-large")


async def test_a_length_beyond_any_number_is_too_large(room_app: FastAPI) -> None:
    answer = await send_bytes(room_app, "POST", b"/probe/json", headers=[AS_JSON, (b"content-length", b"9" * 5000)])

    assert answer.status == 413


async def test_zeros_before_a_length_make_it_no_larger(room_app: FastAPI) -> None:
    length = (b"content-length", b"0000000000002")

    answer = await send_bytes(room_app, "POST", b"/probe/json", headers=[AS_JSON, length], chunks=[b"{}"])

    assert answer.status != 413


async def test_a_body_that_does_not_say_its_length_is_counted(room_app: FastAPI) -> None:
    answer = await send_bytes(room_app, "POST", b"/probe/json", headers=[AS_JSON], chunks=[b" " * 40_000] * 2)

    assert (answer.status, code_of(answer)) == (413, "body-too-large")


async def test_a_body_of_64_kib_is_read(room_app: FastAPI) -> None:
    answer = await send_bytes(room_app, "POST", b"/probe/json", headers=[AS_JSON], chunks=[b"{}".ljust(MAX_BODY)])

    assert answer.status == 200


@pytest.mark.parametrize(
    "raw", [b"%", b"%4", b"%zz", b"%00", b"%ff", b"%ed%a0%80", b"%c0%80", b"\xc3\xa4", b"\x00", b" \xff"]
)
async def test_undecodable_paths_and_queries_are_malformed(room_app: FastAPI, raw: bytes) -> None:
    in_path = await send_bytes(room_app, path=b"/health/live" + raw)
    in_query = await send_bytes(room_app, path=b"/health/live", query=b"q=" + raw)

    assert (in_path.status, code_of(in_path)) == (400, "malformed-request")
    assert (in_query.status, code_of(in_query)) == (400, "malformed-request")


async def test_any_properly_encoded_text_may_stand_in_a_query(room: httpx.AsyncClient) -> None:
    answer = await room.get("/health/live", params={"q": "Zoë 🦊 100%"})

    assert answer.status_code == 200


async def test_a_query_beyond_8_kib_is_too_long(room: httpx.AsyncClient) -> None:
    answer = await room.get("/health/live?" + "a" * (MAX_URI_PART + 1))

    assert (answer.status_code, answer.json()["code"]) == (414, "uri-too-long")


async def test_headers_beyond_32_kib_are_too_large(room: httpx.AsyncClient) -> None:
    answer = await room.get("/health/live", headers={"X-Padding": "a" * MAX_HEADERS})

    assert (answer.status_code, answer.json()["code"]) == (431, "headers-too-large")


async def test_nul_in_a_header_is_malformed(room_app: FastAPI) -> None:
    answer = await send_bytes(room_app, path=b"/health/live", headers=[(b"user-agent", b"a\0b")])

    assert (answer.status, code_of(answer)) == (400, "malformed-request")


async def test_a_caller_who_goes_away_is_no_fault(room_app: FastAPI) -> None:
    answer = await send_bytes(room_app, "POST", b"/probe/json", headers=[AS_JSON], chunks=())

    assert answer.status == 0


async def test_a_body_that_never_comes_is_not_waited_for(room_app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)

    answer = await send_bytes(room_app, "POST", b"/probe/json", headers=[AS_JSON], chunks=[b"{", None])

    assert (answer.status, code_of(answer)) == (408, "body-too-slow")
