"""One session's life as a sequence of things that happen to it, with every token that was ever answered."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import Doors, claims_of
from builders import Organisation, Someone, make_tenant, ordinary_token, session_row
from conftest import Clock
from impersonator_api.directory.tables import memberships, user_roles, users
from impersonator_api.work import Desk

GRANTED = ("ticket.delete", "ticket.read", "ticket.reply")
SCOPES = ("offline_access profile", "profile", "offline_access", "profile root", "*")
STATUSES = ("active", "active", "suspended", "pending")
ROLES = ("newsletter", "lead", "super_admin")


@dataclass(frozen=True)
class Token:
    """Claims of a token, and when it was answered."""

    claims: Mapping[str, Any]
    kind: str


@dataclass
class Life:
    """A session of Ana as Bob, limited to three permissions, and what has become of it."""

    acme: Organisation
    ana: Someone
    bob: Someone
    client_id: str
    service: str
    doors: Doors
    clock: Clock
    started: Mapping[str, Any]
    refresh_tokens: list[str] = field(default_factory=list)
    access_tokens: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    answers: list[tuple[str, httpx.Response]] = field(default_factory=list)

    def keep(self, answer: Mapping[str, Any]) -> None:
        """Remember the tokens of an answer."""
        self.tokens.append(Token(claims_of(answer["access_token"]), "access"))
        self.access_tokens.append(answer["access_token"])
        if answer.get("refresh_token"):
            self.tokens.append(Token(claims_of(answer["refresh_token"]), "refresh"))
            self.refresh_tokens.append(answer["refresh_token"])

    async def refresh(self, _: int) -> None:
        """Trade the newest refresh token."""
        await self._refresh(self.refresh_tokens[-1])

    async def repeat(self, number: int) -> None:
        """Send some refresh token again, which is a retry or a replay."""
        await self._refresh(self.refresh_tokens[-1 - number % len(self.refresh_tokens)])

    async def ask_for_scope(self, number: int) -> None:
        """Ask for less, or for more."""
        await self._refresh(self.refresh_tokens[-1], scope=SCOPES[number % len(SCOPES)])

    async def hand_on(self, number: int) -> None:
        """A service behind the client exchanges some access token for its own."""
        token = self.access_tokens[-1 - number % len(self.access_tokens)]
        answer = await self.doors.exchange(self.service, token)
        self.answers.append(("exchange", answer))
        if answer.status_code == httpx.codes.OK:
            self.tokens.append(Token(claims_of(answer.json()["access_token"]), "handed on"))
            self.access_tokens.append(answer.json()["access_token"])

    async def use(self, _: int) -> None:
        """Ask whom the first access token stands for."""
        self.answers.append(("userinfo", await self.doors.userinfo(self.started["access_token"])))

    async def wait(self, number: int) -> None:
        """Let time pass: a moment, minutes, or most of an hour."""
        self.clock.forward(seconds=number**2)

    async def change_roles(self, number: int) -> None:
        """Bob gets a role, sometimes one that protects him."""
        row = {"user_id": self.bob.id, "role_id": await self.acme.role(ROLES[number % len(ROLES)])}
        async with self.acme.engine.begin() as db:
            await db.execute(insert(user_roles).values(row).on_conflict_do_nothing())
        await self._changed(display_name=f"Bob the {number}")

    async def change_permissions(self, number: int) -> None:
        """Bob holds other permissions in the workspace."""
        held = [name for place, name in enumerate((*GRANTED, "billing.pay")) if number >> place & 1]
        await self.acme.change(memberships, memberships.c.user_id == self.bob.id, permissions=held)

    async def change_status(self, number: int) -> None:
        """Bob is suspended, or is not any more."""
        await self._changed(status=STATUSES[number % len(STATUSES)])

    async def rename(self, number: int) -> None:
        """Both are called something else from now on."""
        for someone in (self.ana, self.bob):
            values = {"email": f"renamed-{number}@{self.acme.slug}-{someone.id}.test"}
            await self.acme.change(users, users.c.id == someone.id, **values)

    async def _changed(self, **values: Any) -> None:
        await self.acme.change(users, users.c.id == self.bob.id, **values)

    async def _refresh(self, token: str, **form: str) -> None:
        answer = await self.doors.refresh(token, self.client_id, **form)
        self.answers.append(("refresh", answer))
        if answer.status_code == httpx.codes.OK:
            self.keep(answer.json())

    async def row(self) -> Any:
        """The session as it is stored."""
        return await session_row(self.acme.engine, UUID(self.started["session_id"]))


Event = Callable[[Life, int], Awaitable[None]]

EVENTS: tuple[Event, ...] = (
    Life.refresh,
    Life.refresh,
    Life.repeat,
    Life.ask_for_scope,
    Life.hand_on,
    Life.use,
    Life.wait,
    Life.change_permissions,
    Life.rename,
    Life.change_roles,
    Life.change_status,
)

LIVES = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 30)), min_size=2, max_size=12)


async def begin(engine: AsyncEngine, desk: Desk, http: httpx.AsyncClient, clock: Clock, **client: Any) -> Life:
    """Ana starts to act as Bob."""
    clock.reset()
    acme, doors = await make_tenant(engine), Doors(http)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    await acme.workspace("north", bob=(bob, list(GRANTED)))
    client_id = await acme.client("spa", **client)
    form = {name: client[name] for name in ("subject",) if name in client}
    service = await acme.client("orders", kind="service", scopes=["impersonation"], **form)
    wish = {"client_id": client_id, "workspace_id": "north", "permissions": list(GRANTED)}
    answer = await doors.start(await ordinary_token(desk, ana), bob, **wish)
    life = Life(acme, ana, bob, client_id, service, doors, clock, answer.raise_for_status().json())
    life.keep(life.started)
    return life


async def live(life: Life, events: list[tuple[Event, int]]) -> Life:
    """Let it all happen."""
    for event, number in events:
        await event(life, number)
    return life
