"""A served instance with a realm of its own, for clients that know nothing but its address."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import yaml

from cli.processes import LOCAL_SETTINGS, running
from clients.realm import SECRETS, realm, signer_keys


@dataclass(frozen=True)
class Service:
    """Where it is, and who may do what there. `stage` is all that a client is told."""

    issuer: str
    pages_port: int
    settings: dict[str, str]

    def said(self, *arguments: str) -> str:
        """What a command prints."""
        environment = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
        done = subprocess.run(  # noqa: S603  our own words
            [sys.executable, "-m", "impersonator_api", *arguments],
            env=environment | self.settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @cached_property
    def token_of_ana(self) -> str:
        """An access token of her own; she may act as anybody."""
        return self.said("token", "--as", "ana@acme.test")

    def hand_over(self, target: str, app: str) -> dict[str, Any]:
        """Let Ana act as somebody in an application; answers the link that her admin panel is told."""
        answer = httpx.post(
            f"{self.issuer}/api/admin/impersonate",
            headers={"Authorization": f"Bearer {self.token_of_ana}"},
            json={"target_user_id": target, "client_id": app, "reason": "Asked for help"},
        )
        return dict(answer.raise_for_status().json()["handover"][0])

    def stage(self) -> dict[str, Any]:
        """All that a client in another language is told: addresses, secrets, people."""
        return {
            "issuer": self.issuer,
            "pages_port": self.pages_port,
            "pages_origin": f"http://127.0.0.1:{self.pages_port}",
            "clients": {name: {"secret": secret} for name, secret in SECRETS.items()},
            "people": {"ana": {"id": self._id_of(self.token_of_ana)}, "carla": {"external_id": "1003"}},
            "signer_keys": {alg: key.as_dict(private=True) for alg, key in signer_keys().items()},
            "token_of_ana": self.token_of_ana,
        }

    def _id_of(self, token: str) -> str:
        answer = httpx.get(f"{self.issuer}/oauth2/v1/userinfo", headers={"Authorization": f"Bearer {token}"})
        return str(answer.raise_for_status().json()["authId"])


@contextmanager
def served(database_url: str, *, port: int, pages_port: int, folder: Path) -> Iterator[Service]:
    """Apply the realm and serve it, until the test is done."""
    issuer = f"http://127.0.0.1:{port}"
    settings = {
        "IMPERSONATOR_DATABASE_URL": database_url,
        "IMPERSONATOR_DATA_DIR": str(folder / "data"),
        "IMPERSONATOR_ISSUER": issuer,
    }
    service = Service(issuer, pages_port, settings)
    file = folder / "realm.yaml"
    file.write_text(yaml.safe_dump(realm(f"http://127.0.0.1:{pages_port}")))
    service.said("apply", str(file))
    with running("serve", "--port", port, data_dir=folder / "data", settings=settings) as process:
        process.wait_for("Application startup complete")
        yield service
