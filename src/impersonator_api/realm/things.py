"""Planning a tenant's settings, roles, workspaces and issuers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from impersonator_api.directory.inventory import Stored
from impersonator_api.directory.tables import issuers, roles, workspaces
from impersonator_api.realm.document import Realm, TokenType
from impersonator_api.realm.plan import Plan, Rows, Setting, differences, in_order, merged, values_of
from impersonator_api.realm.report import FieldChange

ROLE: Mapping[str, Any] = {"name": None, "rank": 0, "permissions": []}
WORKSPACE: Mapping[str, Any] = {"slug": None, "name": None}
ISSUER: Mapping[str, Any] = {
    "issuer": None,
    "jwks_uri": None,
    "audience": None,
    "subject": "external_id",
    "algorithms": ["ES256", "RS256"],
    "typ": ["at+jwt"],
    "require_claims": {},
    "clients": None,
    "scope": None,
    "match": None,
    "status": "active",
}
"""Columns with what they hold in a new row that does not say."""

Ids = Mapping[str, UUID]


def plan_tenant(plan: Plan, realm: Realm, stored: Stored) -> None:
    """The tenant's own name, status and switches."""
    values = values_of(realm, ("name", "status"))
    settings = dict(stored.values["settings"]) | values_of(realm.settings, ("kill_switch", "opt_out"))
    found = differences(stored, values | {"settings": settings})
    plan.tenant = {each.name: each.new for each in found}
    plan.tell("tenant", realm.tenant, found)


def plan_roles(plan: Plan, setting: Setting) -> Ids:
    """Roles by name; answers the ids of all that there will be."""
    rows, ids = Rows(roles, setting.tenant_id), {name: each.id for name, each in setting.inventory.roles.items()}
    for role in setting.document.realm.roles:
        stored = setting.inventory.roles.get(role.name)
        values = in_order(values_of(role, ("rank", "permissions")), "permissions")
        found = differences(stored, values)
        ids.setdefault(role.name, setting.new_id())
        if stored is None or found:
            rows.put(stored, ids[role.name], merged(stored, values | {"name": role.name}, ROLE))
        plan.tell("roles", role.name, found, created=stored is None)
    rows.into(plan)
    return ids


def plan_workspaces(plan: Plan, setting: Setting) -> tuple[Ids, Mapping[str, list[FieldChange]]]:
    """Workspaces by slug; answers the ids of all that there will be, and what changes besides members."""
    inventory, found = setting.inventory, dict[str, list[FieldChange]]()
    rows, ids = Rows(workspaces, setting.tenant_id), {slug: each.id for slug, each in inventory.workspaces.items()}
    for workspace in setting.document.realm.workspaces:
        stored = inventory.workspaces.get(workspace.slug)
        values = values_of(workspace, ("name",))
        found[workspace.slug] = differences(stored, values)
        ids.setdefault(workspace.slug, setting.new_id())
        if stored is None or found[workspace.slug]:
            defaults = {**WORKSPACE, "name": workspace.slug}
            rows.put(stored, ids[workspace.slug], merged(stored, values | {"slug": workspace.slug}, defaults))
    rows.into(plan)
    return ids, found


def plan_issuers(plan: Plan, setting: Setting) -> None:
    """Issuers by their name; whether several tenants may list one is asked once all are written."""
    rows = Rows(issuers, setting.tenant_id)
    for index, issuer in enumerate(setting.document.realm.issuers):
        stored = setting.inventory.issuers.get(issuer.issuer)
        values = in_order(values_of(issuer, [name for name in ISSUER if name != "issuer"]), "clients")
        found = differences(stored, values)
        row = merged(stored, values | {"issuer": issuer.issuer}, ISSUER)
        for missing in [name for name in ("jwks_uri", "audience") if row[name] is None]:
            plan.faults.add(("issuers", index, missing), "is required for a new issuer")
        _refuse_misfits(plan, setting, index, row)
        if stored is None or found:
            rows.put(stored, stored.id if stored else setting.new_id(), row)
        plan.tell("issuers", issuer.issuer, found, created=stored is None)
    _prune_issuers(plan, setting, rows)
    rows.into(plan)


def _refuse_misfits(plan: Plan, setting: Setting, index: int, row: Mapping[str, Any]) -> None:
    if row["issuer"] == setting.own_issuer:
        # Threat: whoever holds that jwks_uri's keys could sign tokens in our own name.
        plan.faults.add(("issuers", index, "issuer"), "is this service itself; its own tokens need no listing")
    if TokenType.JWT in row["typ"] and not row["require_claims"]:
        # Threat: ID tokens have that `typ` too; only a claim of the issuer's own tells an access token.
        plan.faults.add(("issuers", index, "require_claims"), "must tell access tokens from others where typ is JWT")
    for name in ("issuer", "jwks_uri"):
        if setting.is_production and str(row[name]).startswith("http:"):
            plan.faults.add(("issuers", index, name), "must be https; http is for development")


def _prune_issuers(plan: Plan, setting: Setting, rows: Rows) -> None:
    named = {issuer.issuer for issuer in setting.document.realm.issuers}
    for name, stored in setting.inventory.issuers.items():
        if setting.prunes("issuers") and name not in named and stored.values["status"] == "active":
            rows.put(stored, stored.id, merged(stored, {"status": "suspended"}, ISSUER))
            plan.tell("issuers", name, [FieldChange("status", "active", "suspended")])
