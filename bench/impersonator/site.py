"""The service as its callers see it: who may ask what, and the requests they send."""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.impersonator.realm import CUSTOMERS, SERVICE, SPA_THAT_REUSES, SPA_THAT_ROTATES, customer_id
from bench.impersonator.requests import IMPERSONATE, refresh
from bench.load import answers_of
from bench.wire import Credentials, get, post_json


@dataclass(frozen=True, slots=True)
class Admin:
    """Somebody who acts as one customer, again and again; his requests are made once."""

    credentials: Credentials
    start: bytes
    """Starts a session, or replaces the one there is."""
    end: bytes
    """Ends his only session."""

    @classmethod
    def of(cls, token: str, *, target_id: str, client_id: str) -> "Admin":
        """The administrator with that token, for sessions in that client."""
        credentials = Credentials.bearer(token)
        wish = {"target_user_id": target_id, "client_id": client_id, "reason": "To see how fast it is"}
        return cls(
            credentials=credentials,
            start=post_json(IMPERSONATE, wish, credentials),
            end=post_json(f"{IMPERSONATE}/end", {}, credentials),
        )

    def get(self, path: str) -> bytes:
        """A request with his own token."""
        return get(path, self.credentials)


@dataclass(frozen=True, slots=True)
class Site:
    """A running service, and everybody who calls it."""

    port: int
    service: Credentials
    idle: deque[Admin]
    acting: deque[Admin]
    """Where `idle` ones go when they start, and whence they come back when they end."""
    rotating: Sequence[Admin]
    """One for each connection, whose sessions others use."""
    reusing: Sequence[Admin]

    async def started(self, admins: Sequence[Admin]) -> list[Any]:
        """New sessions of these, as the service answers."""
        bodies = await answers_of(self.port, [admin.start for admin in admins], connections=len(admins))
        return [json.loads(body) for body in bodies]

    async def live_through_one_session(self) -> None:
        """Start, refresh once, end: what is then in the database, the past is made of."""
        admin = self.rotating[0]
        [started] = await self.started([admin])
        for request in (refresh(started["refresh_token"], SPA_THAT_ROTATES), admin.end):
            await answers_of(self.port, [request], connections=1)

    async def end_all(self, *, connections: int) -> None:
        """See that nobody of those who start and end is acting."""
        await answers_of(self.port, [admin.end for admin in self.acting], connections=connections)
        self.idle.extend(self.acting)
        self.acting.clear()


def site(port: int, *, tokens: Sequence[str], secret: str, connections: int) -> Site:
    """Everybody in his place."""
    clients = [SPA_THAT_ROTATES] * (len(tokens) - connections) + [SPA_THAT_REUSES] * connections
    admins = [
        Admin.of(token, target_id=customer_id(number % CUSTOMERS), client_id=client)
        for number, (token, client) in enumerate(zip(tokens, clients, strict=True))
    ]
    return Site(
        port=port,
        service=Credentials.basic(SERVICE, secret),
        idle=deque(admins[connections:-connections]),
        acting=deque(),
        rotating=admins[:connections],
        reusing=admins[-connections:],
    )
