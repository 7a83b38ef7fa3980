"""From the bytes of an export to realms, and the list of what was left out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from impersonator_api.realm.errors import Fault, InvalidRealmError
from impersonator_api.realm.keycloak.representation import RealmRepresentation
from impersonator_api.realm.keycloak.roles import Mapped, Roles
from impersonator_api.realm.keycloak.translate import Translation, slug_of
from impersonator_api.realm.places import Faults, Place
from impersonator_api.realm.reading import Document, parsed, told
from impersonator_api.realm.yaml_lines import read_documents

LARGEST = 128 * 1024 * 1024
"""Bytes: exports hold every user's credentials, which we never read."""
AUDIENCE = "impersonator"

REALMS = TypeAdapter(tuple[RealmRepresentation, ...])
MAPPED = TypeAdapter(dict[str, Mapped])


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWishes:
    """What the export cannot know. `roles` is a YAML file: Keycloak role → rank, permissions, name."""

    tenant: str | None = None
    roles: bytes | None = None
    roles_file: str = "roles.yaml"
    issuer: str | None = None
    audience: str = AUDIENCE


@dataclass(frozen=True, slots=True)
class Imported:
    """The realms, the same as plain values (for a realm file), and what was left out or changed."""

    documents: list[Document]
    written: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)


def is_keycloak_export(source: bytes) -> bool:
    """Whether a file is one, and not a realm file, which has `tenant` where this has `realm`."""
    return source.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["} and b'"realm"' in source


def read_keycloak(source: bytes, file: str, wishes: ImportWishes | None = None) -> Imported:
    """Read an export of one realm or several; raises `InvalidRealmError` where it is none, or the result is invalid.

    Every role has rank 0 and no permission unless `wishes.roles` says otherwise: whoever was mighty in Keycloak
    is not so here by accident. Credentials and secrets are never read.
    """
    wishes = wishes or ImportWishes()
    realms = _realms(source, file)
    if wishes.tenant and len(realms) > 1:
        raise InvalidRealmError([Fault(file, None, "", "holds several realms; leave the tenant's name out")])
    mapped = _mapped(wishes)
    translations = [Translation(realm, Roles(realm, mapped), wishes.tenant or slug_of(realm.realm)) for realm in realms]
    written = [_with_issuer(translation.written(), wishes) for translation in translations]
    warnings = [warning for translation in translations for warning in translation.warnings]
    known = {name for translation in translations for name in translation.roles.composites}
    warnings += [f"{wishes.roles_file}: no role is called {name!r}." for name in mapped if name not in known]
    documents = parsed((document, Place(file)) for document in written)
    return Imported(documents=documents, written=written, warnings=warnings)


def _realms(source: bytes, file: str) -> tuple[RealmRepresentation, ...]:
    if len(source) > LARGEST:
        raise InvalidRealmError([Fault(file, None, "", f"is larger than {LARGEST // 1024 // 1024} MiB")])
    try:
        export = json.loads(source.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InvalidRealmError([Fault(file, error.lineno, "", f"is not JSON: {error.msg}")]) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidRealmError([Fault(file, None, "", "is not JSON in UTF-8")]) from error
    try:
        return REALMS.validate_python(export if isinstance(export, list) else [export])
    except (ValidationError, RecursionError) as error:
        raise InvalidRealmError(_faults(error, Place(file), "is not a Keycloak realm export")) from error


def _faults(error: Exception, place: Place, otherwise: str) -> list[Fault]:
    faults = Faults(place)
    for path, message in told(error) if isinstance(error, ValidationError) else ():
        faults.add(path, message)
    return faults.found or [place.fault((), otherwise)]


def _mapped(wishes: ImportWishes) -> Mapping[str, Mapped]:
    if wishes.roles is None:
        return {}
    read = read_documents(wishes.roles, wishes.roles_file)
    if len(read) != 1:
        raise InvalidRealmError(
            [Fault(wishes.roles_file, None, "", "must hold one document: role → rank, permissions")]
        )
    try:
        return MAPPED.validate_python(read[0].value)
    except ValidationError as error:
        raise InvalidRealmError(_faults(error, Place(wishes.roles_file, read[0].spot), "is no map of roles")) from error


def _with_issuer(document: dict[str, Any], wishes: ImportWishes) -> dict[str, Any]:
    if wishes.issuer is None:
        return document
    issuer = {
        "issuer": wishes.issuer,
        "jwks_uri": f"{wishes.issuer}/protocol/openid-connect/certs",
        "audience": wishes.audience,
        # Keycloak's access tokens are plain JWTs; ID tokens and refresh tokens have another `typ` claim.
        "typ": ["JWT"],
        "require_claims": {"typ": "Bearer"},
        "subject": "external_id",
    }
    return {**document, "issuers": [issuer]}
