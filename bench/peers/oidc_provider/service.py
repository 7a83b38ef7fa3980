"""oidc-provider in one Node process, with people who have tokens."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.load import Served
from bench.operation import Subject
from bench.peers.oidc_provider.operations import NAME, operations
from bench.peers.oidc_provider.proof import proved
from bench.peers.oidc_provider.site import SECRET, SERVICE, Site
from bench.peers.packages import node_program, node_versions
from bench.place import Place
from bench.server import running
from bench.wire import Credentials

HERE = Path(__file__).parent


@contextmanager
def subject(place: Place) -> Iterator[Subject]:
    """It makes its own table and its people's tokens when it starts."""
    asyncio.run(place.make_database())
    command = node_program(HERE, "server.mjs", "adapter.mjs")
    tokens = place.folder / "tokens.json"
    environment = place.environment(SECRET=SECRET, TOKENS=str(tokens), PEOPLE=str(place.plan.connections + 1))
    with running(command, port=place.port, cores=place.placement.server, environment=environment, log=place.log) as pid:
        here = _site(place.port, tokens)
        asyncio.run(proved(here))
        served = Served(place.port, {"server": pid, "postgres": place.cluster.pid})
        yield Subject(NAME, served, operations(here), versions=node_versions(HERE, "oidc-provider"))


def _site(port: int, tokens: Path) -> Site:
    people = json.loads(tokens.read_text())
    return Site(
        port=port,
        refresh_tokens=[person["refresh_token"] for person in people],
        access_tokens=[person["access_token"] for person in people],
        service=Credentials.basic(SERVICE, SECRET),
    )
