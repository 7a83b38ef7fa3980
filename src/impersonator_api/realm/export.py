"""Writing tenants down as a realm file without secrets; applied again it changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import select

from impersonator_api.directory import inventory
from impersonator_api.directory.clients import BUILT_IN_PREFIX
from impersonator_api.directory.inventory import Inventory, Reach, Stored
from impersonator_api.policy import as_mapping, current_document, document_in_force
from impersonator_api.realm.clients import CLIENT
from impersonator_api.realm.errors import UnknownTenantError
from impersonator_api.realm.people import USER
from impersonator_api.realm.report import plain
from impersonator_api.realm.things import ISSUER
from impersonator_api.work import Work

Written = dict[str, Any]

# libyaml writes ten times faster than the emitter in Python, and the same.
Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
WIDTH = 120


async def export(work: Work, tenant: str | None = None) -> list[Written]:
    """The documents of one tenant, or of all; raises `UnknownTenantError`."""
    slugs = [tenant] if tenant is not None else await inventory.tenant_slugs(work)
    return [await _document(work, slug) for slug in slugs]


def as_yaml(documents: Sequence[Mapping[str, Any]]) -> str:
    """The text of a realm file."""
    text: str = yaml.dump_all(
        documents, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, explicit_start=len(documents) > 1
    )
    return text


async def _document(work: Work, slug: str) -> Written:
    tenant = await inventory.find_tenant(work, slug)
    if tenant is None:
        raise UnknownTenantError(f"No tenant is called {slug!r}.")
    held = await inventory.take(work, tenant.id, Reach(everybody=True))
    policy = (await work.read(select(current_document(tenant.id)))).scalar_one()
    written = {
        "tenant": slug,
        **{name: tenant.values[name] for name in ("name", "status", "settings")},
        "issuers": [_columns(issuer, ISSUER) for issuer in held.issuers.values()],
        "roles": [_columns(role, ("name", "rank", "permissions")) for role in held.roles.values()],
        "users": _users(held),
        "workspaces": _workspaces(held),
        "clients": _clients(held),
        "consents": _consents(held),
    }
    # A tenant without a policy of its own goes on with the built-in one.
    return written if policy is None else {**written, "policy": as_mapping(document_in_force(policy)[0])}


def _columns(stored: Stored, names: Mapping[str, Any] | Sequence[str]) -> Written:
    """Columns as the file has them; what is empty and may be left out is left out."""
    return {name: plain(value) for name in names if (value := stored.values[name]) is not None}


def _users(held: Inventory) -> list[Written]:
    roles, slugs = _names(held.roles), _names(held.workspaces)
    grants: dict[UUID, list[Any]] = {}
    for user_id, role_id, workspace_id in held.grants:
        name = roles[role_id]
        grant = {"role": name, "workspace": slugs[workspace_id]} if workspace_id else name
        grants.setdefault(user_id, []).append(grant)
    people = sorted(held.people, key=lambda each: each.id)
    return [{**_columns(each, USER), "roles": sorted(grants.get(each.id, []), key=str)} for each in people]


def _workspaces(held: Inventory) -> list[Written]:
    members: dict[UUID, list[Written]] = {}
    names = _people_names(held)
    for each in held.memberships:
        member = {"user": names[each.user_id], "permissions": sorted(each.permissions)}
        members.setdefault(each.workspace_id, []).append(member)
    return [
        {
            **_columns(workspace, ("slug", "name")),
            "members": sorted(members.get(workspace.id, []), key=lambda member: str(member["user"])),
        }
        for workspace in held.workspaces.values()
    ]


def _clients(held: Inventory) -> list[Written]:
    return [
        {"client_id": name, **_columns(client, CLIENT)}
        for name, client in held.clients.items()
        if not name.startswith(BUILT_IN_PREFIX)
    ]


def _consents(held: Inventory) -> list[Written]:
    names, clients = _people_names(held), _names(held.clients)
    consents = [
        {
            "user": names[each.user_id],
            "client": clients[each.client_id],
            "scopes": sorted(each.values["scopes"]),
            "withdrawn": each.values["withdrawn_at"] is not None,
            "expires_at": plain(each.values["expires_at"]),
        }
        for each in held.consents
        # Only our own client, made with its tenant, has a name that the file does not know.
        if not clients[each.client_id].startswith(BUILT_IN_PREFIX)
    ]
    return sorted(consents, key=lambda consent: (consent["client"], consent["user"]))


def _names(things: Mapping[str, Stored]) -> Mapping[UUID, str]:
    return {each.id: name for name, each in things.items()}


def _people_names(held: Inventory) -> Mapping[UUID, str]:
    """A name for each person that nobody else answers to: an external id may look like another's address."""
    emails = {each.values["email"].lower(): each.id for each in held.people if each.values["email"]}
    names = {}
    for each in held.people:
        external_id, email = each.values["external_id"], each.values["email"]
        is_ambiguous = external_id is not None and emails.get(external_id.lower(), each.id) != each.id
        names[each.id] = email if external_id is None or is_ambiguous else external_id
    return names
