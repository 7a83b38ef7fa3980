"""Planning a tenant's OAuth clients and their secrets."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from impersonator_api.directory import ClientKind, RefreshPolicy, built_in_client_id, changes
from impersonator_api.directory.clients import BUILT_IN_PREFIX
from impersonator_api.directory.inventory import Stored
from impersonator_api.directory.tables import clients
from impersonator_api.realm.document import Client
from impersonator_api.realm.people import trades
from impersonator_api.realm.plan import Plan, Rows, Setting, differences, in_order, merged, values_of
from impersonator_api.realm.report import FieldChange
from impersonator_api.realm.things import Ids

CLIENT: Mapping[str, Any] = {
    "number": None,
    "name": None,
    "kind": None,
    "status": "active",
    "subject": "id",
    "rank": 0,
    "permissions": [],
    "redirect_uris": [],
    "scopes": [],
    "consent_required": False,
    "refresh_policy": "rotate",
    "signing_alg": "ES256",
    "audience": None,
    "audiences": [],
    "jwks": None,
    "jwks_uri": None,
    "dpop_bound": False,
    "query_handover": False,
}
CONFIDENTIAL = frozenset({ClientKind.SERVICE, ClientKind.GATEWAY})
MOST_SECRETS = 2
"""The old secret goes on while its users learn the new one."""


def plan_clients(plan: Plan, setting: Setting) -> Ids:
    """Clients by client id; answers the ids of all that there will be."""
    stored_clients = setting.inventory.clients
    rows, ids = Rows(clients, setting.tenant_id), {name: each.id for name, each in stored_clients.items()}
    final = {name: dict(each.values) for name, each in stored_clients.items()}
    for index, client in enumerate(setting.document.realm.clients):
        stored = stored_clients.get(client.client_id)
        values = in_order(values_of(client, tuple(CLIENT)), "permissions", "scopes", "audiences")
        row = merged(stored, values, {**CLIENT, "name": client.client_id})
        _refuse_misfits(plan, setting, index, client, stored)
        _refuse_misplaced(plan, index, client, row)
        digests, about_secret = _secrets(plan, client, stored, row)
        found = differences(stored, values) + about_secret
        ids.setdefault(client.client_id, setting.new_id())
        final[client.client_id] = row
        if stored is None or found:
            whole = row | {"client_id": client.client_id, "secret_digests": digests}
            rows.put(stored, ids[client.client_id], whole, {"created_at": setting.now})
        plan.tell("clients", client.client_id, found, created=stored is None)
    _refuse_same_numbers(plan, setting, final)
    _prune(plan, setting, rows)
    rows.into(plan)
    return ids


def refuse_taken(plan: Plan, setting: Setting, taken: frozenset[str]) -> None:
    """A client id names one client over all tenants: a token request names no tenant."""
    for index, client in enumerate(setting.document.realm.clients):
        if client.client_id in taken:
            plan.faults.add(("clients", index, "client_id"), "is taken by another tenant; choose another one")


def built_in_row(slug: str, **made: object) -> Mapping[str, Any]:
    """The client of sessions that name none, made with its tenant."""
    return {**CLIENT, **made, "client_id": built_in_client_id(slug), "name": "Impersonator", "kind": ClientKind.SPA}


def _refuse_misfits(plan: Plan, setting: Setting, index: int, client: Client, stored: Stored | None) -> None:
    kind = stored.values["kind"] if stored else client.kind
    if stored is None and "kind" not in client.model_fields_set:
        plan.faults.add(("clients", index, "kind"), "is required for a new client")
    elif "kind" in client.model_fields_set and client.kind != kind:
        plan.faults.add(("clients", index, "kind"), "cannot be changed; make another client")
    if "secret" in client.model_fields_set and kind not in CONFIDENTIAL:
        plan.faults.add(("clients", index, "secret"), "is for services and gateways; nobody can keep one in a browser")
    for place, uri in enumerate(client.redirect_uris):
        if setting.is_production and uri.startswith("http:"):
            plan.faults.add(("clients", index, "redirect_uris", place), "must be https; http is for development")


def _refuse_misplaced(plan: Plan, index: int, client: Client, row: Mapping[str, Any]) -> None:
    is_confidential = row["kind"] in CONFIDENTIAL
    for name in ("jwks", "jwks_uri"):
        if getattr(client, name) is not None and not is_confidential:
            plan.faults.add(
                ("clients", index, name), "is for services and gateways; nobody can keep a key in a browser"
            )
    if client.query_handover and is_confidential:
        plan.faults.add(("clients", index, "query_handover"), "is for browser applications")
    elif row["query_handover"] and row["refresh_policy"] != RefreshPolicy.REUSE:
        # A token in a query is seen by many: only one that the SDK of seed 001 sends again on every page load.
        plan.faults.add(("clients", index, "query_handover"), "needs refresh_policy: reuse")
    elif row["query_handover"] and row["dpop_bound"]:
        plan.faults.add(("clients", index, "query_handover"), "cannot go with dpop_bound: its SDK proves no key")
    if row["jwks"] and row["jwks_uri"]:
        plan.faults.add(("clients", index), "has keys in two places; write null for jwks or jwks_uri")


def _secrets(
    plan: Plan, client: Client, stored: Stored | None, row: Mapping[str, Any]
) -> tuple[list[bytes], list[FieldChange]]:
    digests = [bytes(digest) for digest in stored.values["secret_digests"]] if stored else []
    if "secret" in client.model_fields_set:
        secret = client.secret.get_secret_value()
    elif stored is None and row["kind"] in CONFIDENTIAL and not (row["jwks"] or row["jwks_uri"]):
        secret = plan.generate_secret(client.client_id)
    else:
        return digests, []
    # A secret is random and long, so nobody can search for what has this digest.
    digest = hashlib.sha256(secret.encode()).digest()
    if digest in digests:
        return digests, []
    told = "another one" if digests else "set"
    return [digest, *digests][:MOST_SECRETS], [FieldChange("secret", "set" if digests else None, told)]


def _refuse_same_numbers(plan: Plan, setting: Setting, final: Mapping[str, Mapping[str, Any]]) -> None:
    holders = Counter(row["number"] for row in final.values() if row["number"] is not None)
    for index, client in enumerate(setting.document.realm.clients):
        if holders[final[client.client_id]["number"]] > 1:
            plan.faults.add(("clients", index, "number"), "is that of another client")
    stored = setting.inventory.clients
    moves = [
        (stored[name].id, stored[name].values["number"], row["number"])
        if name in stored
        else (setting.new_id(), None, row["number"])
        for name, row in final.items()
    ]
    if ids := trades(moves):
        plan.freed.append(changes.freed(clients, "number", ids))


def _prune(plan: Plan, setting: Setting, rows: Rows) -> None:
    named = {client.client_id for client in setting.document.realm.clients}
    for name, stored in setting.inventory.clients.items() if setting.prunes("clients") else ():
        kept = name in named or name.startswith(BUILT_IN_PREFIX)
        if not kept and stored.values["status"] == "active":
            row = merged(stored, {"status": "suspended"}, CLIENT)
            rows.put(stored, stored.id, row | {name: stored.values[name] for name in ("client_id", "secret_digests")})
            plan.tell("clients", name, [FieldChange("status", "active", "suspended")])
