"""A service that exchanges tokens, and the people it does it for."""

from dataclasses import dataclass
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, SUPPORT_POLICY, Organisation, Someone, make_tenant, ordinary_token
from impersonator_api.work import Desk

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
USER_ID = "urn:impersonator:params:oauth:token-type:user-id"

API, BILLING = "https://api.acme.test", "https://billing.acme.test"


@dataclass
class Trade:
    """Ana may act as Bob, and so may the service `agent` for itself; `orders` and `billing` are services behind it."""

    http: AsyncClient
    desk: Desk
    acme: Organisation
    ana: Someone
    bob: Someone
    agent: str
    orders: str
    billing: str
    secret: str = SECRET

    async def token_of(self, someone: Someone, **login: Any) -> str:
        """A person's own access token."""
        return await ordinary_token(self.desk, someone, **login)

    async def ask(self, client_id: str, secret: str = SECRET, **form: Any) -> Response:
        """An exchange, whatever comes of it; `None` leaves a parameter out."""
        asked = {"grant_type": EXCHANGE, "subject_token_type": ACCESS_TOKEN} | form
        sent = {name: value for name, value in asked.items() if value is not None}
        return await self.http.post("/oauth2/v1/token", data=sent, auth=(client_id, secret))

    async def exchange(self, client_id: str, **form: Any) -> dict[str, Any]:
        """An exchange that succeeds."""
        answer: dict[str, Any] = (await self.ask(client_id, **form)).raise_for_status().json()
        return answer

    async def as_user(self, someone: Someone, **form: Any) -> dict[str, Any]:
        """The agent exchanges a user's bare id."""
        return await self.exchange(self.agent, subject_token=str(someone.id), subject_token_type=USER_ID, **form)

    async def acting(self, token: str, path: str = "/oauth2/v1/userinfo", method: str = "GET", **body: Any) -> Response:
        """A request with that token."""
        return await self.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **body)

    async def introspect(self, token: str) -> dict[str, Any]:
        """What a service that may see everything is told."""
        inspector = next(name for name in self.acme.client_ids if name.startswith("inspector"))
        answer = await self.http.post("/oauth2/v1/introspect", data={"token": token}, auth=(inspector, SECRET))
        told: dict[str, Any] = answer.raise_for_status().json()
        return told


def rule_for(*clients: str) -> dict[str, Any]:
    """Services act for themselves only where a rule names them."""
    return {
        "name": "agents",
        "impersonators": {"clients": list(clients)},
        "targets": {"roles": ["customer"]},
        "modes": ["full", "read_only", "limited"],
        "permissions": ["ticket.read"],
        "duration": {"default": "30m", "max": "60m"},
    }


@pytest.fixture
async def trade(engine: AsyncEngine, signing_desk: Desk, http: AsyncClient) -> Trade:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    acting = {"kind": "service", "scopes": ["impersonation"], "permissions": ["impersonation.start"], "rank": 50}
    agent = await acme.client("agent", **acting, audience=API, audiences=[BILLING])
    orders = await acme.client("orders", **acting, audience=API, audiences=[BILLING])
    billing = await acme.client("billing", **acting, audience=BILLING)
    await acme.client("inspector", kind="service", scopes=["introspect"])
    await acme.policy({**SUPPORT_POLICY, "rules": [rule_for(agent), *SUPPORT_POLICY["rules"]]})
    return Trade(http, signing_desk, acme, ana, bob, agent, orders, billing)
