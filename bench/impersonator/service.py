"""`impersonator serve` with one worker, on a database and a realm of its own."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cluster import Cluster
from bench.impersonator.history import make_history
from bench.impersonator.operations import operations
from bench.impersonator.people import admin_tokens
from bench.impersonator.realm import Realm
from bench.impersonator.site import site
from bench.load import Served, answers_of
from bench.machine import Placement
from bench.operation import Subject
from bench.plan import Plan
from bench.server import free_port, running
from impersonator_api.migrate import migrate
from impersonator_api.settings import PREFIX, Settings

NAME = "impersonator"


@contextmanager
def subject(cluster: Cluster, placement: Placement, plan: Plan, folder: Path) -> Iterator[Subject]:
    """The service with its realm and its past, ready to be measured."""
    port = free_port()
    settings = Settings(issuer=f"http://127.0.0.1:{port}", data_dir=folder)
    wanted = Realm(admins=plan.people + 2 * plan.connections)
    asyncio.run(migrate(cluster.owner_url))
    tokens = asyncio.run(admin_tokens(settings, cluster.service_url, wanted))
    command = [sys.executable, "-m", "impersonator_api", "serve", "--port", str(port)]
    environment = _environment(settings, cluster)
    with running(
        command, port=port, cores=placement.server, environment=environment, log=folder / f"{NAME}.log"
    ) as pid:
        here = site(port, tokens=tokens, secret=wanted.secret, connections=plan.connections)
        first = here.rotating[0]
        asyncio.run(answers_of(port, [first.start, first.end], connections=1))
        asyncio.run(make_history(cluster.owner_url.replace("+asyncpg", ""), plan.history))
        served = Served(port, {"server": pid, "postgres": cluster.pid})
        yield Subject(NAME, served, operations(here))


def _environment(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Nothing of the caller's own settings; logs as in production."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | {
        f"{PREFIX}DATABASE_URL": cluster.service_url,
        f"{PREFIX}DATA_DIR": str(settings.data_dir),
        f"{PREFIX}ISSUER": settings.issuer,
        f"{PREFIX}LOG_FORMAT": "json",
        # A busy machine makes it slow, and no answer wrong.
        **{f"{PREFIX}{name}_TIMEOUT": "PT60S" for name in ("POOL", "STATEMENT", "LOCK")},
    }
