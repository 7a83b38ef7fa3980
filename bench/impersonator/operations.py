"""Our doors as operations; what each needs is held by tests/house/test_statement_counts.py."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bench.conversation import Conversation, moving, repeated
from bench.impersonator.realm import SPA_THAT_REUSES, SPA_THAT_ROTATES, customer_id
from bench.impersonator.requests import (
    ACCESS_TOKEN,
    IMPERSONATE,
    INTROSPECT,
    TOKEN,
    USER_ID,
    USERINFO,
    exchange,
    refresh,
)
from bench.impersonator.site import Admin, Site
from bench.operation import Needs, Operation
from bench.talk import Expected
from bench.wire import Credentials, get, post_form

NAME, SMALL = "impersonator", "impersonator_small"
"""We with a long past, and with nearly none."""
START, END, LIST, ROTATE = "start", "end", "list, page of 50", "refresh, rotate"
CLIENT_CREDENTIALS, INTROSPECT_ACCESS = "client credentials", "introspect, access token"
START_ALONE = "start, one connection"
MEASURED_SMALL = (START, LIST, ROTATE, END)
"""Where a long past could make a difference."""

LIVE = Expected(words=b'"active":true')
TOKENS = Expected(words=b'"access_token"')


def operations(site: Site) -> tuple[Operation, ...]:
    """In the order in which they are measured: who started is there to be ended."""
    doors = Doors(site)
    begun, checked = Needs(signatures=1, verifications=1, reads=2, commits=1), Needs(verifications=1, reads=1)
    return (
        Operation(START, doors.start, TOKENS, begun),
        Operation(END, doors.end, Expected(words=b'"success":true'), Needs(verifications=1, reads=1, commits=1)),
        Operation(LIST, doors.page, Expected(words=b'"total_count"'), Needs(verifications=1, reads=2)),
        Operation("show", doors.show, Expected(words=b'"is_active":true'), Needs(verifications=1, reads=2)),
        Operation(ROTATE, doors.rotate, TOKENS, Needs(signatures=1, reads=1, commits=1)),
        Operation("refresh, reuse", doors.reuse, TOKENS, Needs(signatures=1, reads=1, commits=1)),
        Operation("exchange, user id", doors.exchange_user, TOKENS, Needs(signatures=1, reads=2, commits=1)),
        Operation("exchange, hand on", doors.hand_on, TOKENS, Needs(signatures=1, verifications=1, reads=1, commits=1)),
        Operation(CLIENT_CREDENTIALS, doors.client_credentials, TOKENS, Needs(signatures=1, reads=1)),
        Operation(INTROSPECT_ACCESS, doors.introspect_access, LIVE, checked),
        Operation("introspect, refresh token", doors.introspect_refresh, LIVE, Needs(reads=1)),
        Operation("userinfo", doors.userinfo, Expected(words=b'"act"'), checked),
        Operation("JWKS", doors.jwks, Expected(words=b'"keys"'), Needs()),
        Operation("health", doors.health, Expected(words=b'"alive"'), Needs()),
        Operation(START_ALONE, doors.start, TOKENS, begun, connections=1),
    )


@dataclass(frozen=True, slots=True)
class Doors:
    """The conversations of each operation, one for each connection."""

    site: Site

    async def start(self, connections: int) -> Sequence[Conversation]:
        """Each by an administrator who is not acting, so that nothing is replaced."""
        await self.site.end_all(connections=connections)
        return [moving(self.site.idle, self.site.acting, lambda admin: admin.start) for _ in range(connections)]

    async def end(self, connections: int) -> Sequence[Conversation]:
        """Each by an administrator who has started; there are as many as the measurement before this one made."""
        return [moving(self.site.acting, self.site.idle, lambda admin: admin.end) for _ in range(connections)]

    async def page(self, connections: int) -> Sequence[Conversation]:
        """The newest page of everybody's sessions."""
        path = f"{IMPERSONATE}/sessions?limit=50"
        return [repeated(admin.get(path)) for admin in self.site.rotating[:connections]]

    async def show(self, connections: int) -> Sequence[Conversation]:
        """A session that is running."""
        admins = self.site.rotating[:connections]
        ids = [started["session_id"] for started in await self.site.started(admins)]
        return [
            repeated(admin.get(f"{IMPERSONATE}/sessions/{session_id}"))
            for admin, session_id in zip(admins, ids, strict=True)
        ]

    async def rotate(self, connections: int) -> Sequence[Conversation]:
        """Each connection is a browser that uses the token that it got last."""
        tokens = await self._tokens(self.site.rotating[:connections], "refresh_token")
        return [_rotating(token) for token in tokens]

    async def reuse(self, connections: int) -> Sequence[Conversation]:
        """Each connection is a browser that keeps its first token."""
        tokens = await self._tokens(self.site.reusing[:connections], "refresh_token")
        return [repeated(refresh(token, SPA_THAT_REUSES)) for token in tokens]

    async def exchange_user(self, connections: int) -> Sequence[Conversation]:
        """A service starts to act as a customer, in its own name and without a limit of sessions."""
        requests = [exchange(USER_ID, customer_id(number), self.site.service) for number in range(connections)]
        return [repeated(request) for request in requests]

    async def hand_on(self, connections: int) -> Sequence[Conversation]:
        """A service joins the session of an impersonation token that it was sent."""
        tokens = await self._tokens(self.site.rotating[:connections], "access_token")
        return [repeated(exchange(ACCESS_TOKEN, token, self.site.service)) for token in tokens]

    async def client_credentials(self, connections: int) -> Sequence[Conversation]:
        """One service, by HTTP Basic."""
        request = post_form(TOKEN, {"grant_type": "client_credentials", "scope": "root"}, self.site.service)
        return [repeated(request) for _ in range(connections)]

    async def introspect_access(self, connections: int) -> Sequence[Conversation]:
        """A token that was seen before; the state of its session is read each time."""
        return await self._introspect(connections, "access_token")

    async def introspect_refresh(self, connections: int) -> Sequence[Conversation]:
        """Likewise, a refresh token."""
        return await self._introspect(connections, "refresh_token")

    async def userinfo(self, connections: int) -> Sequence[Conversation]:
        """With an impersonation token."""
        tokens = await self._tokens(self.site.rotating[:connections], "access_token")
        return [repeated(get(USERINFO, Credentials.bearer(token))) for token in tokens]

    async def jwks(self, connections: int) -> Sequence[Conversation]:
        """Nothing is signed or read."""
        return [repeated(get("/.well-known/jwks.json")) for _ in range(connections)]

    async def health(self, connections: int) -> Sequence[Conversation]:
        """What our HTTP costs without anything behind it."""
        return [repeated(get("/health/live")) for _ in range(connections)]

    async def _introspect(self, connections: int, kind: str) -> Sequence[Conversation]:
        tokens = await self._tokens(self.site.rotating[:connections], kind)
        return [repeated(post_form(INTROSPECT, {"token": token}, self.site.service)) for token in tokens]

    async def _tokens(self, admins: Sequence[Admin], kind: str) -> list[str]:
        return [started[kind] for started in await self.site.started(admins)]


def _rotating(token: str) -> Conversation:
    while True:
        token = json.loads((yield refresh(token, SPA_THAT_ROTATES)))["refresh_token"]
