"""oidc-provider's doors as operations."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bench.conversation import Conversation, repeated
from bench.operation import Operation
from bench.peers.oidc_provider.site import Site
from bench.talk import Expected

NAME = "oidc-provider"
REFRESH, INTROSPECT, CLIENT_CREDENTIALS = "refresh, rotate", "introspect", "client credentials"

TOKENS = Expected(words=b'"access_token":"eyJ')


def operations(site: Site) -> tuple[Operation, ...]:
    """Each by itself."""
    doors = Doors(site)
    return (
        Operation(REFRESH, doors.refresh, TOKENS),
        Operation(INTROSPECT, doors.introspect, Expected(words=b'"active":true')),
        Operation(CLIENT_CREDENTIALS, doors.client_credentials, TOKENS),
    )


@dataclass(frozen=True, slots=True)
class Doors:
    """The conversations of each operation, one for each connection."""

    site: Site

    async def refresh(self, connections: int) -> Sequence[Conversation]:
        """Each connection is a browser that uses the token that it got last."""
        return [_rotating(self.site, number) for number in range(connections)]

    async def introspect(self, connections: int) -> Sequence[Conversation]:
        """Of an opaque access token, which the database knows; it introspects no JWT."""
        return [repeated(self.site.introspect(token)) for token in self.site.access_tokens[:connections]]

    async def client_credentials(self, connections: int) -> Sequence[Conversation]:
        """One service, by HTTP Basic."""
        return [repeated(self.site.client_credentials()) for _ in range(connections)]


def _rotating(site: Site, number: int) -> Conversation:
    while True:
        body = yield site.refresh(site.refresh_tokens[number])
        site.refresh_tokens[number] = json.loads(body)["refresh_token"]
