"""`impersonator demo`: everything at once, and what to try with it; `make run` calls it."""

import asyncio
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import httpx
import typer

from impersonator_api.app import run_server
from impersonator_api.cli.demo_realm import SERVICE, demo_documents, demo_secret
from impersonator_api.cli.errors import NotInProductionError
from impersonator_api.cli.guide import Cast, guide
from impersonator_api.cli.leaving import leave_in_peace
from impersonator_api.cli.opening import Database, database_of, opened, settings_now
from impersonator_api.cli.output import examples, step
from impersonator_api.cli.realm import applied
from impersonator_api.cli.serving import LOCAL, USUAL_PORT, Host, Port, refuse_taken_port, url_of
from impersonator_api.cli.tenants import load_member
from impersonator_api.cli.token import token_of
from impersonator_api.settings import PREFIX, Settings
from impersonator_api.work import Desk

ADMIN, TENANT = "ana@acme.test", "acme"
TARGET, TARGET_ID = "carla@acme.test", "1003"
APP, APP_REDIRECT_URI = "dashboard", "http://127.0.0.1:3000/callback"
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
        cast = asyncio.run(_prepared(settings, database, url_of(host, port)))
        threading.Thread(target=_tell_when_ready, args=(cast, settings, database), daemon=True).start()
        run_server(settings, host=host, port=port, workers=1, database_url=database.url)


def settings_for(port: int) -> Settings:
    """The settings, with an issuer that is where the service listens, unless one is named."""
    name = f"{PREFIX}ISSUER"
    if port != USUAL_PORT and name not in os.environ:
        # Into the environment, because the server reads its settings there.
        os.environ[name] = f"http://127.0.0.1:{port}"
    return settings_now()


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
        app_redirect_uri=APP_REDIRECT_URI,
        service=SERVICE,
        service_secret=secret,
    )


def _tell_when_ready(cast: Cast, settings: Settings, database: Database) -> None:
    with step(f"serving at {cast.url}"):
        is_ready = _becomes_ready(cast.url)
    if not is_ready:
        print(f"Not ready after {READY_WITHIN:.0f} s; see {cast.url}/health/ready.", file=sys.stderr)
        return
    print(f"\nReady. Copy these into another terminal, in this order:\n\n{guide(cast)}", flush=True)
    print("\n".join(_more(cast, settings, database)), flush=True)


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


def _more(cast: Cast, settings: Settings, database: Database) -> Iterator[str]:
    yield f"API documentation: {cast.url}/docs"
    yield f"Other people's tokens: {_ourselves()} token --as sam@acme.test"
    if settings.issuer != Settings.model_fields["issuer"].default:
        yield f"Before other commands: export {PREFIX}ISSUER={settings.issuer}"
    yield f"Keys and the demo's secret lie in {settings.data_dir}."
    yield f"Ctrl-C stops the service{' and its database' if database.is_embedded else ''}."


def _ourselves() -> str:
    """How this command is typed here: `make run` does not put it on the path."""
    return "impersonator" if shutil.which("impersonator") else os.path.relpath(Path(sys.prefix, "bin/impersonator"))
