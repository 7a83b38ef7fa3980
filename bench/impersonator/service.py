"""`impersonator serve` with one worker, on a database and a realm of its own."""

import asyncio
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

from bench.impersonator.history import make_history
from bench.impersonator.operations import operations
from bench.impersonator.people import admin_tokens
from bench.impersonator.realm import Realm
from bench.impersonator.site import site
from bench.load import Served
from bench.operation import Subject
from bench.place import Place
from bench.plan import History
from bench.server import running
from impersonator_api.migrate import migrate
from impersonator_api.settings import PREFIX, Settings


@contextmanager
def subject(place: Place, *, history: History, only: Collection[str] = ()) -> Iterator[Subject]:
    """The service with its realm and its past, ready to be measured; `only` some of its operations, or all."""
    plan = place.plan
    settings = Settings(issuer=f"http://127.0.0.1:{place.port}", data_dir=place.folder)
    owner_url, service_url = (_url(url, place.database) for url in (place.cluster.owner_url, place.cluster.service_url))
    wanted = Realm(admins=plan.people + 2 * plan.connections)
    asyncio.run(place.make_database())
    asyncio.run(migrate(owner_url))
    tokens = asyncio.run(admin_tokens(settings, service_url, wanted))
    command = [sys.executable, "-m", "impersonator_api", "serve", "--port", str(place.port)]
    environment = _environment(settings, service_url)
    with running(command, port=place.port, cores=place.placement.server, environment=environment, log=place.log) as pid:
        here = site(place.port, tokens=tokens, secret=wanted.secret, connections=plan.connections)
        asyncio.run(here.live_through_one_session())
        filled = asyncio.run(make_history(place.dsn, history))
        served = Served(place.port, {"server": pid, "postgres": place.cluster.pid})
        yield Subject(place.name, served, [each for each in operations(here) if not only or each.name in only], filled)


def _url(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _environment(settings: Settings, service_url: str) -> dict[str, str]:
    """Nothing of the caller's own settings; logs as in production."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | {
        f"{PREFIX}DATABASE_URL": service_url,
        f"{PREFIX}DATA_DIR": str(settings.data_dir),
        f"{PREFIX}ISSUER": settings.issuer,
        f"{PREFIX}LOG_FORMAT": "json",
        # A busy machine makes it slow, and no answer wrong.
        **{f"{PREFIX}{name}_TIMEOUT": "PT60S" for name in ("POOL", "STATEMENT", "LOCK")},
    }
