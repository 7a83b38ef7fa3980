"""Every door of the service, and a small organisation to attack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import SECRET, Organisation, Someone, make_tenant, ordinary_token
from impersonator_api.tokens import read_unverified
from impersonator_api.work import Desk

START = "/api/admin/impersonate"
END = f"{START}/end"
SESSIONS = f"{START}/sessions"
TOKEN = "/oauth2/v1/token"
LOGOUT = "/identity/v1/logout"
USERINFO = "/oauth2/v1/userinfo"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
HANDOVER = "urn:impersonator:params:oauth:grant-type:handover"
REDIRECT_URI = "https://app.example.test/callback"
"""Of every SPA that a test makes."""


def bearer(token: str) -> dict[str, str]:
    """The header that a token is sent in."""
    return {"Authorization": f"Bearer {token}"}


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says, believed because it came from the service itself a moment ago."""
    return read_unverified(token).claims


def code_of(started: Mapping[str, Any]) -> str:
    """The code in a start's first link."""
    return str(started["handover_url"]).partition("#handover_code=")[2]


@dataclass(frozen=True)
class Doors:
    """One method for each door; every token is an argument, so that none comes along by accident."""

    http: httpx.AsyncClient

    async def start(self, token: str, target: Someone | str, **wish: Any) -> httpx.Response:
        """Ask to act as somebody."""
        name = target if isinstance(target, str) else str(target.id)
        body = {"target_user_id": name, "reason": "Locked out since Monday"} | wish
        return await self.http.post(START, json=body, headers=bearer(token))

    async def end(self, token: str, session_id: str | UUID | None = None) -> httpx.Response:
        """Ask to end a session; the only one, where none is named."""
        body = {} if session_id is None else {"session_id": str(session_id)}
        return await self.http.post(END, json=body, headers=bearer(token))

    async def list(self, token: str, **filters: str) -> httpx.Response:
        """Ask for the sessions."""
        return await self.http.get(SESSIONS, params=filters, headers=bearer(token))

    async def show(self, token: str, session_id: str | UUID) -> httpx.Response:
        """Ask for one session."""
        return await self.http.get(f"{SESSIONS}/{session_id}", headers=bearer(token))

    async def userinfo(self, token: str) -> httpx.Response:
        """Ask whom a token stands for."""
        return await self.http.get(USERINFO, headers=bearer(token))

    async def refresh(self, token: str, client_id: str | None, **form: str) -> httpx.Response:
        """Trade a refresh token."""
        named = {} if client_id is None else {"client_id": client_id}
        return await self.http.post(TOKEN, data={"grant_type": "refresh_token", "refresh_token": token} | named | form)

    async def hand_over(self, **form: str) -> httpx.Response:
        """A browser application trades the code of a link."""
        return await self.http.post(TOKEN, data={"grant_type": HANDOVER, "redirect_uri": REDIRECT_URI} | form)

    async def exchange(self, client_id: str, subject_token: str, **form: str) -> httpx.Response:
        """A service asks for a token of its own in place of another."""
        asked = {"grant_type": EXCHANGE, "subject_token": subject_token, "subject_token_type": ACCESS_TOKEN} | form
        return await self.http.post(TOKEN, data=asked, auth=(client_id, SECRET))

    async def introspect(self, token: str, client_id: str) -> httpx.Response:
        """A service asks whether a token counts."""
        return await self.http.post("/oauth2/v1/introspect", data={"token": token}, auth=(client_id, SECRET))

    async def revoke(self, token: str, client_id: str) -> httpx.Response:
        """A public client gives a token back."""
        return await self.http.post("/oauth2/v1/revoke", data={"token": token, "client_id": client_id})

    async def service_token(self, client_id: str, scope: str = "root") -> str:
        """A service's own token."""
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = await self.http.post(TOKEN, data=form, auth=(client_id, SECRET))
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    async def on_behalf(self, service_token: str, token: object, target: Someone | str, app: str) -> httpx.Response:
        """A service asks for a user's tokens in the name of a person."""
        name = target if isinstance(target, str) else str(target.id)
        body = {"impersonatorToken": token}
        return await self.http.post(
            f"/api/v1/users/{name}/impersonation/{app}", json=body, headers=bearer(service_token)
        )

    async def user(self, token: str, user: Someone | str, part: str = "") -> httpx.Response:
        """A service asks about a user: the profile, `active-sessions` or `consented-apps`."""
        name = user if isinstance(user, str) else str(user.id)
        return await self.http.get(f"/api/v1/users/{name}/{part}".rstrip("/"), headers=bearer(token))

    async def end_targeting(self, token: str, user: Someone, session_id: str) -> httpx.Response:
        """A service ends somebody's acting as a user."""
        return await self.http.delete(f"/api/v1/users/{user.id}/active-sessions/{session_id}", headers=bearer(token))

    async def withdraw(self, token: str, user: Someone, app: str) -> httpx.Response:
        """A service withdraws a user's consent."""
        return await self.http.delete(f"/api/v1/users/{user.id}/consented-apps/{app}", headers=bearer(token))

    async def apps(self, token: str) -> httpx.Response:
        """A service asks for the clients."""
        return await self.http.get("/api/v1/apps", headers=bearer(token))


@dataclass(frozen=True)
class Scene:
    """Ana may act as Bob, in a SPA; a back office may ask for it on her behalf."""

    acme: Organisation
    ana: Someone
    bob: Someone
    spa: str
    backoffice: str
    ana_token: str
    bob_token: str
    doors: Doors

    async def started(self, **wish: Any) -> dict[str, Any]:
        """Ana acts as Bob."""
        answer = await self.doors.start(self.ana_token, self.bob, **({"client_id": self.spa} | wish))
        started: dict[str, Any] = answer.raise_for_status().json()
        return started

    async def refreshed(self, started: Mapping[str, Any], **form: str) -> httpx.Response:
        """The SPA trades its refresh token."""
        return await self.doors.refresh(started["refresh_token"], self.spa, **form)

    async def handed_over(self, started: Mapping[str, Any], **form: str) -> httpx.Response:
        """The SPA trades the code of its link."""
        return await self.doors.hand_over(**({"code": code_of(started), "client_id": self.spa} | form))


async def make_scene(engine: AsyncEngine, desk: Desk, doors: Doors, name: str = "acme") -> Scene:
    """An organisation that nobody else knows."""
    acme = await make_tenant(engine, name)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    return Scene(
        acme=acme,
        ana=ana,
        bob=bob,
        spa=await acme.client("spa"),
        backoffice=await acme.client("backoffice", kind="service", scopes=["root", "read_user"]),
        ana_token=await ordinary_token(desk, ana),
        bob_token=await ordinary_token(desk, bob),
        doors=doors,
    )
