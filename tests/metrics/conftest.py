"""An application whose `/metrics` may be read, and a reader of what it says."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from conftest import MASTER_KEY, Clock
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from scraping import Scrape, scraped

TOKEN = "a-token-for-prometheus-of-32-characters"

Scraper = Callable[[], Awaitable[Scrape]]


@pytest.fixture(scope="session")
async def app(database_url: str, app_clock: Clock) -> AsyncIterator[FastAPI]:
    """The application with a token for Prometheus."""
    settings = Settings(
        master_key=MASTER_KEY,
        metrics_token=SecretStr(TOKEN),
        failed_rate_limit="off",
        failed_address_rate_limit="off",
        start_rate_limit="1/hour",
    )
    app = create_app(settings, database_url=database_url, clock=app_clock, with_worker=False)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def scrape(app: FastAPI) -> Scraper:
    """Ask as Prometheus does."""

    async def ask() -> Scrape:
        transport = httpx.ASGITransport(app, client=("192.0.2.99", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as prometheus:
            answer = await prometheus.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text
        return scraped(answer.text)

    return ask
