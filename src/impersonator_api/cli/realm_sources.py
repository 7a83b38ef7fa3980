"""What `apply` applies: a realm file, or somebody else's export of people, roles and clients."""

from dataclasses import dataclass
from pathlib import Path

import typer

from impersonator_api import realm
from impersonator_api.cli.errors import KeycloakExportError
from impersonator_api.cli.files import read_file
from impersonator_api.cli.output import note
from impersonator_api.realm import Document, ImportWishes

MOST_NOTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KeycloakOptions:
    """What only an import from Keycloak understands."""

    tenant: str | None
    issuer: str | None
    roles: Path | None
    audience: str

    @property
    def is_anything_given(self) -> bool:
        """Whether one of them was typed."""
        return any(value is not None for value in (self.tenant, self.issuer, self.roles))

    def wishes(self) -> ImportWishes:
        """The same in the import's words."""
        return ImportWishes(
            tenant=self.tenant,
            roles=None if self.roles is None else read_file(self.roles),
            roles_file=str(self.roles),
            issuer=self.issuer,
            audience=self.audience,
        )


def read_realm_file(file: Path) -> list[Document]:
    """The tenants of a realm file; raises `KeycloakExportError` for what plainly is another kind of file."""
    source = read_file(file)
    if realm.is_keycloak_export(source):
        raise KeycloakExportError(f"{file} is a Keycloak export; add --keycloak to import it.")
    return realm.read_realm(source, str(file))


def read_keycloak_export(file: Path, options: KeycloakOptions) -> list[Document]:
    """The tenants of a Keycloak export; what was left out is told on stderr."""
    imported = realm.read_keycloak(read_file(file), str(file), options.wishes())
    for warning in imported.warnings[:MOST_NOTES]:
        note(warning)
    if len(imported.warnings) > MOST_NOTES:
        note(f"… and {len(imported.warnings) - MOST_NOTES} more things were left out.")
    return imported.documents


def documents_of(file: Path, options: KeycloakOptions, *, is_keycloak: bool) -> list[Document]:
    """What the command's arguments mean."""
    if is_keycloak:
        return read_keycloak_export(file, options)
    if options.is_anything_given:
        raise typer.BadParameter("--tenant, --issuer and --roles go with --keycloak.")
    return read_realm_file(file)
