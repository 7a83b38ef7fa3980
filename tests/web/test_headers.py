import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from impersonator_api.app import create_app
from impersonator_api.settings import Environment, Settings

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


@pytest.mark.parametrize("path", ["/health/live", "/nothing/here", "/probe/broken", "/probe/away", "/%zz"])
async def test_every_answer_is_dressed_whatever_answered(room: httpx.AsyncClient, path: str) -> None:
    answer = await room.get(path)

    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


async def test_what_may_be_cached_says_so_itself(room: httpx.AsyncClient) -> None:
    answer = await room.get("/problems/conflict")

    assert answer.headers["Cache-Control"] == "public, max-age=86400"


async def test_the_docs_page_may_run_its_scripts(room: httpx.AsyncClient) -> None:
    answer = await room.get("/docs")

    assert "https://cdn.jsdelivr.net" in answer.headers["Content-Security-Policy"]


async def test_development_does_not_lock_browsers_out_of_http(room: httpx.AsyncClient) -> None:
    answer = await room.get("/health/live")

    assert "Strict-Transport-Security" not in answer.headers


@pytest.fixture
def production() -> FastAPI:
    """The application as it runs in production; nothing of it reaches for the database."""
    settings = Settings(
        environment=Environment.PRODUCTION,
        issuer="https://impersonator.example",
        database_url=SecretStr("postgresql+asyncpg://nobody@127.0.0.1:1/nothing"),
        master_key=SecretStr("A" * 43 + "="),
    )
    return create_app(settings, database_url="postgresql+asyncpg://nobody@127.0.0.1:1/nothing")


async def test_production_insists_on_https(production: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(production), base_url="https://t") as client:
        answer = await client.get("/health/live")

    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


async def test_production_has_no_docs_page(production: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(production), base_url="https://t") as client:
        answer = await client.get("/docs")

    assert answer.status_code == 404


async def test_a_client_that_proves_nothing_is_told_why_in_the_challenge_too(http: httpx.AsyncClient) -> None:
    answer = await http.post("/oauth2/v1/token", data={"grant_type": "client_credentials"}, auth=("nobody", "x"))

    told = answer.json()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Basic realm="impersonator", error="invalid_client", error_description="{told["error_description"]}"'
    )
