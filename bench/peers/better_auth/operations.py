"""better-auth's doors as operations."""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from bench.conversation import Conversation, moving
from bench.operation import Operation
from bench.peers.better_auth.site import Site
from bench.talk import Expected

NAME = "better-auth"
IMPERSONATE, STOP, LIST = "impersonate-user", "stop-impersonating", "list-user-sessions"
IMPERSONATE_ALONE = "impersonate-user, one connection"

ACTING = Expected(words=b'"impersonatedBy":"')


def operations(site: Site) -> tuple[Operation, ...]:
    """In the order in which they are measured: whoever acts is there to stop."""
    doors = Doors(site)
    return (
        Operation(IMPERSONATE, doors.impersonate, ACTING),
        Operation(STOP, doors.stop, Expected(words=b'"session":{')),
        Operation(LIST, doors.sessions, Expected(words=b'"sessions":[{')),
        Operation(IMPERSONATE_ALONE, doors.impersonate, ACTING, connections=1),
    )


@dataclass(frozen=True, slots=True)
class Doors:
    """The conversations of each operation, one for each connection."""

    site: Site

    async def impersonate(self, connections: int) -> Sequence[Conversation]:
        """Each connection is an administrator who acts as one customer after the other."""
        self.site.acting.clear()
        return [_acting(self.site, number) for number in range(connections)]

    async def stop(self, connections: int) -> Sequence[Conversation]:
        """Of the sessions that the measurement before this one began."""
        return [moving(self.site.acting, deque(maxlen=0), self.site.stop) for _ in range(connections)]

    async def sessions(self, connections: int) -> Sequence[Conversation]:
        """Of one customer after the other, each of whom has a page of them."""
        return [_listing(self.site, number) for number in range(connections)]


def _acting(site: Site, first: int) -> Conversation:
    admin = site.admins[first]
    for customer in count(first, len(site.admins)):
        body = yield site.impersonate(admin, customer)
        site.acting.append((admin, json.loads(body)["session"]["token"]))


def _listing(site: Site, first: int) -> Conversation:
    for regular in count(first, len(site.admins)):
        yield site.sessions(site.admins[first], regular)
