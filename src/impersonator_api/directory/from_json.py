"""From the JSON documents of rows to the frozen things that decisions see."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from impersonator_api.directory.clients import Client, ClientKind, RefreshPolicy, Subject
from impersonator_api.directory.people import Consent, Person, Profile, Role, Status, Tenant, Workspace

Json = Mapping[str, Any]


def tenant_from(row: Json) -> Tenant:
    """The tenant in a JSON document of `tenant_json`."""
    return Tenant(
        id=UUID(row["id"]),
        slug=row["slug"],
        name=row["name"],
        status=Status(row["status"]),
        revision=row["revision"],
        settings=row["settings"],
    )


def workspace_from(row: Json | None) -> Workspace | None:
    """The workspace in a JSON document of `workspace_json`."""
    return Workspace(id=UUID(row["id"]), slug=row["slug"], name=row["name"]) if row else None


def client_from(row: Json) -> Client:
    """The client in a JSON document of `client_json`."""
    return Client(
        id=UUID(row["id"]),
        tenant_id=UUID(row["tenant_id"]),
        client_id=row["client_id"],
        number=row["number"],
        name=row["name"],
        kind=ClientKind(row["kind"]),
        status=Status(row["status"]),
        subject=Subject(row["subject"]),
        rank=row["rank"],
        permissions=frozenset(row["permissions"]),
        scopes=frozenset(row["scopes"]),
        redirect_uris=tuple(row["redirect_uris"]),
        consent_required=row["consent_required"],
        refresh_policy=RefreshPolicy(row["refresh_policy"]),
        signing_alg=row["signing_alg"],
        audience=row["audience"],
        audiences=frozenset(row["audiences"]),
        dpop_bound=row["dpop_bound"],
        query_handover=row["query_handover"],
    )


def consent_of(row: Json) -> Consent:
    """The consent in a JSON document of `consent_json`."""
    return Consent(
        scopes=frozenset(row["scopes"]),
        granted_at=datetime.fromisoformat(row["granted_at"]),
        withdrawn_at=_instant(row["withdrawn_at"]),
        expires_at=_instant(row["expires_at"]),
    )


def person_from(row: Json) -> Person:
    """The person in a JSON document of `person_json`."""
    return Person(
        id=UUID(row["id"]),
        tenant_id=UUID(row["tenant_id"]),
        external_id=row["external_id"],
        email=row["email"],
        display_name=row["display_name"],
        status=Status(row["status"]),
        roles=tuple(_role_from(role) for role in row["roles"]),
        memberships={UUID(where): frozenset(held) for where, held in row["memberships"].items()},
        profile=_profile_from(row),
    )


def _profile_from(row: Json) -> Profile:
    return Profile(
        email_verified=row["email_verified"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        locale=row["locale"],
        attributes=row["attributes"],
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
    )


def _role_from(row: Json) -> Role:
    where = row["workspace_id"]
    return Role(
        name=row["name"],
        rank=row["rank"],
        permissions=frozenset(row["permissions"]),
        workspace_id=UUID(where) if where else None,
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
