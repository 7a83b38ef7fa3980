"""better-auth in one Node process, with its people and their sessions."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.load import Served
from bench.operation import Subject
from bench.peers.better_auth.operations import NAME, operations
from bench.peers.better_auth.people import SECRET, fill
from bench.peers.better_auth.proof import proved
from bench.peers.better_auth.site import site
from bench.peers.packages import node_program, node_versions
from bench.place import Place
from bench.server import running

HERE = Path(__file__).parent


@contextmanager
def subject(place: Place) -> Iterator[Subject]:
    """It makes its own tables when it starts."""
    asyncio.run(place.make_database())
    command = node_program(HERE, "server.mjs")
    environment = place.environment(SECRET=SECRET)
    with running(command, port=place.port, cores=place.placement.server, environment=environment, log=place.log) as pid:
        asyncio.run(fill(place.dsn, place.plan))
        here = site(place)
        asyncio.run(proved(here, place.dsn))
        served = Served(place.port, {"server": pid, "postgres": place.cluster.pid})
        yield Subject(NAME, served, operations(here), versions=node_versions(HERE, "better-auth"))
