"""`impersonator demo`: everything at once, and what to try with it; `make run` calls it."""

import asyncio
import os
import secrets
import sys
import threading
import time
from http import HTTPStatus
from importlib.resources import files

import httpx
import typer

from impersonator_api.app import run_server
from impersonator_api.cli.errors import NotInProductionError
from impersonator_api.cli.guide import Cast, guide
from impersonator_api.cli.leaving import leave_in_peace
from impersonator_api.cli.opening import Database, database_of, opened, settings_now
from impersonator_api.cli.output import examples, step
from impersonator_api.cli.realm import applied
from impersonator_api.cli.serving import LOCAL, USUAL_PORT, Host, Port, refuse_taken_port
from impersonator_api.cli.tenants import load_member
from impersonator_api.cli.token import token_of
from impersonator_api.realm.places import Place
from impersonator_api.realm.reading import Document, parsed
from impersonator_api.realm.yaml_lines import read_documents
from impersonator_api.settings import PREFIX, Settings
from impersonator_api.work import Desk

REALM = "demo.yaml"
SECRET_FILE = "demo-secret"  # noqa: S105  the file's name
ADMIN, TENANT = "ana@acme.test", "acme"
TARGET, TARGET_ID = "carla@acme.test", "1003"
APP, SERVICE = "dashboard", "backoffice"
READY_WITHIN = 60.0
"""Seconds."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=examples("impersonator demo", "impersonator demo --port 8001"))(demo)


def demo(*, host: Host = LOCAL, port: Port = USUAL_PORT) -> None:
    """Start the database, fill in a demo realm, serve, and print what to try next. Not there in production.

    Run it again whenever you like: nothing is lost, and what you changed in the demo realm's people and clients is
    put back. Ctrl-C stops the service and the embedded database.
    """
    settings = settings_for(port)
    if settings.is_production:
        raise NotInProductionError("The demo's people and secrets are for development.")
    leave_in_peace()
    refuse_taken_port(host, port)
    with database_of(settings, step=step) as database:
        cast = asyncio.run(_prepared(settings, database, f"http://{host}:{port}"))
        threading.Thread(target=_tell_when_ready, args=(cast, settings), daemon=True).start()
        run_server(settings, host=host, port=port, workers=1, database_url=database.url)


def settings_for(port: int) -> Settings:
    """The settings, with an issuer that is where the service listens, unless one is named."""
    name = f"{PREFIX}ISSUER"
    if port != USUAL_PORT and name not in os.environ:
        # Into the environment, because the server reads its settings there.
        os.environ[name] = f"http://127.0.0.1:{port}"
    return settings_now()


def demo_documents(secret: str) -> list[Document]:
    """The demo realm, with that secret for its service."""
    source = files("impersonator_api.realm").joinpath(REALM).read_bytes()
    documents = read_documents(source, REALM)
    for document in documents:
        for client in document.value.get("clients", ()):
            if client["client_id"] == SERVICE:
                client["secret"] = secret
    return parsed((document.value, Place(REALM, document.spot)) for document in documents)


def demo_secret(settings: Settings) -> str:
    """The demo service's secret, made once: the database keeps a digest and cannot tell it again."""
    path = settings.data_dir / SECRET_FILE
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secret := secrets.token_urlsafe(32))
        return secret


async def _prepared(settings: Settings, database: Database, url: str) -> Cast:
    async with opened(settings, database, step=step) as desk:
        with step("demo realm"):
            secret = demo_secret(settings)
            await applied(desk, demo_documents(secret))
        return await _cast(desk, url, secret)


async def _cast(desk: Desk, url: str, secret: str) -> Cast:
    admin = await token_of(desk, await desk.run(load_member, ADMIN, tenant=TENANT))
    return Cast(
        url=url,
        admin=ADMIN,
        admin_token=admin.token,
        token_lifetime=desk.settings.service_token_lifetime,
        target=TARGET,
        target_id=TARGET_ID,
        app=APP,
        service=SERVICE,
        service_secret=secret,
    )


def _tell_when_ready(cast: Cast, settings: Settings) -> None:
    with step(f"serving at {cast.url}"):
        is_ready = _becomes_ready(cast.url)
    if not is_ready:
        print(f"Not ready after {READY_WITHIN:.0f} s; see {cast.url}/health/ready.", file=sys.stderr)  # noqa: T201
        return
    print(f"\nReady. Copy these into another terminal, in this order:\n\n{guide(cast)}", flush=True)  # noqa: T201
    print(_more(cast, settings), flush=True)  # noqa: T201


def _becomes_ready(url: str) -> bool:
    give_up_at = time.monotonic() + READY_WITHIN
    while time.monotonic() < give_up_at:
        try:
            if httpx.get(f"{url}/health/ready", timeout=2).status_code == HTTPStatus.OK:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    return False


def _more(cast: Cast, settings: Settings) -> str:
    return "\n".join(
        (
            f"API documentation: {cast.url}/docs",
            f"Other people's tokens: impersonator token --as {ADMIN}",
            f"Everything lies in {settings.data_dir}. Ctrl-C stops the service and its database.",
        )
    )
