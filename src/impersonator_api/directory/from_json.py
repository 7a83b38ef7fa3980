"""From the JSON documents of rows to the frozen things that decisions see: members are named and typed alike."""

from collections.abc import Mapping
from typing import Any

from msgspec import convert

from impersonator_api.directory.clients import Client
from impersonator_api.directory.people import Consent, Person, Tenant, Workspace

Json = Mapping[str, Any]


def tenant_from(row: Json) -> Tenant:
    """The tenant in a JSON document of `tenant_json`."""
    return convert(row, Tenant)


def workspace_from(row: Json | None) -> Workspace | None:
    """The workspace in a JSON document of `workspace_json`."""
    return None if row is None else convert(row, Workspace)


def client_from(row: Json) -> Client:
    """The client in a JSON document of `client_json`."""
    return convert(row, Client)


def consent_of(row: Json) -> Consent:
    """The consent in a JSON document of `consent_json`."""
    return convert(row, Consent)


def person_from(row: Json) -> Person:
    """The person in a JSON document of `person_json`."""
    user = row["user"]
    memberships = {place: permissions for each in row["memberships"] for place, permissions in each.items()}
    # The profile's members are the row's: whoever reads it takes those that it has, and leaves the others.
    return convert(user | {"profile": user, "roles": row["roles"], "memberships": memberships}, Person)
