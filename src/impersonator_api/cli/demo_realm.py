"""The demo's people and the one secret among them."""

import os
import secrets
from importlib.resources import files

from impersonator_api.realm.places import Place
from impersonator_api.realm.reading import Document, parsed
from impersonator_api.realm.yaml_lines import read_documents
from impersonator_api.settings import Settings

REALM = "demo.yaml"
SECRET_FILE = "demo-secret"  # noqa: S105  the file's name
SERVICE = "backoffice"


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
