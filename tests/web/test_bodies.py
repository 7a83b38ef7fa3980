import httpx
import pytest

AS_JSON = {"Content-Type": "application/json"}


async def send(room: httpx.AsyncClient, body: bytes, path: str = "/probe/json") -> httpx.Response:
    return await room.post(path, content=body, headers=AS_JSON)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"name": "Zo\\u00eb", "count": 9223372036854775807}', b' {"labels": {}} ']
)
async def test_a_proper_body_is_taken(room: httpx.AsyncClient, body: bytes) -> None:
    answer = await send(room, body)

    assert answer.json() == {"taken": True}


async def test_a_body_that_must_say_something_may_not_be_left_out(room: httpx.AsyncClient) -> None:
    answer = await send(room, b"", "/probe/needed")

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "#/name", "message": "Field required"}]


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/json; charset=latin-1", "application/jsonp", "multipart/form-data", ""]
)
async def test_another_media_type_is_unsupported(room: httpx.AsyncClient, media_type: str) -> None:
    answer = await room.post("/probe/json", content=b"{}", headers={"Content-Type": media_type})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_utf_8_may_be_named(room: httpx.AsyncClient) -> None:
    answer = await room.post(
        "/probe/json", content=b"{}", headers={"Content-Type": 'Application/JSON; charset="UTF-8"'}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nul",
        b"\xff\xfe{}",
        b'{"name": "\xff"}',
        b'{"name": "a\x00b"}',
        b'{"name": "a", "name": "b"}',
        b'{"count": NaN}',
        b'{"count": -Infinity}',
        b'{"count": 1e999}',
        b"[" * 60_000,
    ],
)
async def test_what_is_not_strict_json_is_malformed(room: httpx.AsyncClient, body: bytes) -> None:
    answer = await send(room, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"text"',
        b"7",
        b'{"name": 7}',
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"labels": {"\\ud800": "a"}}',
        b'{"count": 9223372036854775808}',
        b'{"count": ' + b"9" * 5000 + b"}",
        b'{"labels": ' + b"[" * 20 + b"]" * 20 + b"}",
        b'{"unknown": 1}',
    ],
)
async def test_what_breaks_the_schema_is_invalid(room: httpx.AsyncClient, body: bytes) -> None:
    answer = await send(room, body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


@pytest.mark.parametrize(
    "body", [b'{"hunter2": 1}', b'{"name": ["hunter2"]}', b'{"labels": {"hunter2": 7}}', b'{"count": "hunter2"}']
)
async def test_what_was_sent_is_not_repeated(room: httpx.AsyncClient, body: bytes) -> None:
    answer = await send(room, body)

    assert answer.status_code == 422
    assert "hunter2" not in answer.text


async def test_a_pointer_shows_where_a_schema_was_broken(room: httpx.AsyncClient) -> None:
    answer = await send(room, b'{"name": "a text that is too long", "count": -1, "labels": {"a": 7}}')

    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/name", "#/count", "#/labels"]
