"""The whole application with limits of a test's choice, and how often to fail at its doors."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI

from builders import SECRET
from conftest import MASTER_KEY
from impersonator_api.app import create_app
from impersonator_api.settings import Settings

TOKEN = "/oauth2/v1/token"
USERINFO = "/oauth2/v1/userinfo"
HERE = "192.0.2.7"
ELSEWHERE = "198.51.100.9"


@asynccontextmanager
async def limited(database_url: str, clock: Callable[[], datetime], **limits: Any) -> AsyncIterator[FastAPI]:
    """An application with three failures a minute, unless `limits` say otherwise."""
    chosen = {"failed_rate_limit": "3/minute", "failed_address_rate_limit": "8/minute"} | limits
    settings = Settings(master_key=MASTER_KEY, **chosen)
    app = create_app(settings, database_url=database_url, clock=clock, with_worker=False)
    async with app.router.lifespan_context(app):
        yield app


class Visitor:
    """Somebody at an address, who knocks at an application's doors."""

    def __init__(self, app: FastAPI, address: str = HERE, **headers: str) -> None:
        transport = httpx.ASGITransport(app, client=(address, 4711))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)

    async def as_client(self, client_id: str, secret: str = SECRET) -> httpx.Response:
        """Ask for a service's own token."""
        return await self.http.post(TOKEN, data={"grant_type": "client_credentials"}, auth=(client_id, secret))

    async def refresh(self, client_id: str, token: str = "worn out") -> httpx.Response:
        """Trade a refresh token, by default one that nobody issued."""
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id}
        return await self.http.post(TOKEN, data=form)

    async def with_token(self, token: str | None, path: str = USERINFO) -> httpx.Response:
        """Ask with a bearer token, or with none."""
        return await self.http.get(path, headers={} if token is None else {"Authorization": f"Bearer {token}"})

    async def start(self, token: str, target: str) -> httpx.Response:
        """Ask to act as somebody."""
        body = {"target_user_id": target, "reason": "Locked out since Monday"}
        headers = {"Authorization": f"Bearer {token}"}
        return await self.http.post("/api/admin/impersonate", json=body, headers=headers)

    async def fail(self, times: int, client_id: str) -> list[int]:
        """Guess a client's secret so often."""
        return [(await self.as_client(client_id, "a guess")).status_code for _ in range(times)]
