import httpx
import pytest

from impersonator_api.web.problems import all_problems

STANDARD_MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing/here", 404, "route-not-found"),
        ("/health/live/", 404, "route-not-found"),
        ("/probe/json", 405, "method-not-allowed"),
        ("/probe/count", 422, "invalid-request"),
        ("/probe/nobody", 401, "credentials-missing"),
        ("/probe/conflict", 409, "conflict"),
        ("/probe/away", 503, "temporarily-unavailable"),
        ("/probe/broken", 500, "internal-error"),
    ],
)
async def test_every_no_is_a_problem_document(room: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    answer = await room.get(path, headers={"X-Request-ID": "request-4711"})

    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem.keys() >= STANDARD_MEMBERS
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"http://127.0.0.1:8000/problems/{code}"
    assert problem["instance"] == "urn:impersonator:request:request-4711"


async def test_a_fault_tells_nothing_but_that_it_happened(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/broken")

    assert answer.status_code == 500
    assert not any(told in answer.text for told in ("eyJ", "RuntimeError", "Traceback", ".py"))


async def test_what_is_away_says_when_to_ask_again(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/away")

    assert answer.headers["Retry-After"] == "2"


async def test_without_credentials_no_error_code_is_given(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/nobody")

    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_wrong_method_is_told_the_right_one(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/json")

    assert answer.headers["Allow"] == "POST"


async def test_extension_members_never_take_the_place_of_standard_ones(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/conflict")

    assert (answer.json()["winner"], answer.json()["status"]) == ("the other", 409)


async def test_a_wrong_parameter_is_named_and_not_repeated(room: httpx.AsyncClient) -> None:
    answer = await room.get("/probe/count", params={"upto": "hunter2"})

    assert [error["parameter"] for error in answer.json()["errors"]] == ["upto"]
    assert "hunter2" not in answer.text


async def test_every_type_leads_to_a_page(room: httpx.AsyncClient) -> None:
    codes = all_problems()

    pages = [await room.get(f"/problems/{code}") for code in codes]

    assert {page.status_code for page in pages} == {200}
    assert all(code in page.text for code, page in zip(codes, pages, strict=True))


async def test_the_list_of_problems_names_them_all(room: httpx.AsyncClient) -> None:
    page = await room.get("/problems")

    assert all(code in page.text for code in all_problems())


async def test_an_unknown_problem_is_not_found(room: httpx.AsyncClient) -> None:
    page = await room.get("/problems/<script>")

    assert page.status_code == 404
    assert "<script>" not in page.text
