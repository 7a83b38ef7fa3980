"""Who may read `/metrics`, and what it says of the moment."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings
from metrics.conftest import TOKEN, Scraper


async def test_nobody_reads_metrics_without_the_token(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "credentials-missing"


@pytest.mark.parametrize("shown", [f"{TOKEN}x", TOKEN[:-1], "", "é" * 32])
async def test_a_wrong_token_reads_nothing(http: httpx.AsyncClient, shown: str) -> None:
    answer = await http.get("/metrics", headers=[(b"Authorization", f"Bearer {shown}".encode())])

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid-token"


async def test_a_url_never_carries_the_token(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics", params={"access_token": TOKEN})

    assert answer.status_code == 401


async def test_without_a_token_there_is_no_such_door(settings: Settings, fresh_database_url: str) -> None:
    app = create_app(settings, database_url=fresh_database_url, with_worker=False)

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http,
    ):
        answer = await http.get("/metrics", headers={"Authorization": "Bearer "})

    assert answer.json()["code"] == "route-not-found"


def test_a_token_that_could_be_guessed_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="at least 32"):
        Settings(master_key=MASTER_KEY, metrics_token=SecretStr("x" * 31))


async def test_the_answer_is_prometheus_text_that_nobody_keeps(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics", headers={"Authorization": f"bearer {TOKEN}"})

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


async def test_it_tells_of_database_pool_keys_and_process(scrape: Scraper, app: FastAPI) -> None:
    told = await scrape()

    assert told.of("impersonator_database_answers") == 1
    assert told.of("impersonator_workers") == 1
    assert told.of("impersonator_pool_size") == app.state.settings.pool_size
    assert told.labels("impersonator_signing_key_age_seconds", "alg") == {"ES256", "RS256"}
    assert told.of("impersonator_signing_key_lifetime_seconds") == 90 * 86_400
    assert told.of("process_resident_memory_bytes") > 10_000_000
    assert told.of("process_cpu_seconds_total") > 0


async def test_counters_that_alarms_watch_are_told_before_the_first_count(scrape: Scraper) -> None:
    told = await scrape()

    assert "impersonator_tokens_replayed_total" in told.samples
    assert "impersonator_pool_timeouts_total" in told.samples
    assert "kill_switch" in told.labels("impersonator_sessions_ended_total", "reason")
