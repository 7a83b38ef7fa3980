"""django-hijack in Django, served by one worker of gunicorn with threads."""

import asyncio
import json
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.load import Served
from bench.operation import Subject
from bench.peers.django_hijack.operations import NAME, operations
from bench.peers.django_hijack.proof import proved
from bench.peers.django_hijack.site import Site
from bench.peers.packages import python_folder, python_versions
from bench.place import Place
from bench.server import running

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105  of a server that lives for minutes, on loopback
CUSTOMERS = 1000
ADMINS_PER_SECOND = 1000
"""More than it serves: each acts once in a measurement."""


@contextmanager
def subject(place: Place) -> Iterator[Subject]:
    """Its tables and people are made before it starts."""
    asyncio.run(place.make_database())
    folder = python_folder(Path(__file__).parent, "project.py")
    environment = place.environment(SECRET=SECRET, PYTHONPATH=str(folder))
    idle, customers = _people(folder, place, environment)
    # Its default worker closes each connection after one answer; of those that do not, this is the one for WSGI.
    threads = [
        "--no-control-socket",
        "--workers",
        "1",
        "--worker-class",
        "gthread",
        "--threads",
        str(place.plan.connections),
    ]
    alive = ["--keep-alive", "75", "--worker-connections", "1000", "--bind", f"127.0.0.1:{place.port}"]
    command = [str(folder / "venv/bin/python"), "-m", "gunicorn", *threads, *alive, "project:application"]
    with running(command, port=place.port, cores=place.placement.server, environment=environment, log=place.log) as pid:
        here = Site(port=place.port, idle=idle, customers=customers)
        asyncio.run(proved(here, place.dsn))
        served = Served(place.port, {"server": pid, "postgres": place.cluster.pid})
        versions = python_versions(folder, "django-hijack", "django", "gunicorn")
        yield Subject(NAME, served, operations(here), versions=versions)


def _people(folder: Path, place: Place, environment: Mapping[str, str]) -> tuple[deque[str], list[int]]:
    admins = place.plan.connections + int(ADMINS_PER_SECOND * max(place.plan.seconds, place.plan.warm_up_seconds))
    answer = place.folder / "people.json"
    command = [str(folder / "venv/bin/python"), str(folder / "project.py"), str(admins), str(CUSTOMERS), str(answer)]
    subprocess.run(command, env=environment, check=True)  # noqa: S603  our own words
    people = json.loads(answer.read_text())
    return deque(people["sessions"]), people["customers"]
