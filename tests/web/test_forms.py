import httpx
import pytest

AS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_a_form_is_read(room: httpx.AsyncClient) -> None:
    answer = await room.post("/probe/form", data={"grant_type": "client_credentials", "scope": "a b"})

    assert answer.json() == {"grant_type": "client_credentials", "scope": "a b"}


async def test_a_parameter_without_a_value_counts_as_omitted(room: httpx.AsyncClient) -> None:
    answer = await room.post("/probe/form", content=b"scope=&grant_type=x", headers=AS_FORM)

    assert answer.json() == {"grant_type": "x"}


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&a=2",
        b"a=&a=2",
        b"a=%",
        b"a=%zz",
        b"a=%ff",
        b"a=%00",
        b"a=%ed%a0%80",
        b"a=\xff",
        b"&".join(b"p%d=1" % number for number in range(60)),
    ],
)
async def test_what_oauth_does_not_allow_is_malformed(room: httpx.AsyncClient, body: bytes) -> None:
    answer = await room.post("/probe/form", content=body, headers=AS_FORM)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-form")


async def test_json_is_no_form(room: httpx.AsyncClient) -> None:
    answer = await room.post("/probe/form", json={"grant_type": "x"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-form")
