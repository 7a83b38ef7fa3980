"""Planning what ties people to things: members of workspaces, and consents to clients."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from impersonator_api.directory.inventory import Granted
from impersonator_api.directory.tables import consents, memberships
from impersonator_api.realm.document import Consent, Workspace
from impersonator_api.realm.errors import Path
from impersonator_api.realm.people import Crowd
from impersonator_api.realm.plan import Plan, Setting, in_order, values_of
from impersonator_api.realm.report import FieldChange, canonical
from impersonator_api.realm.things import Ids

Permissions = Mapping[UUID, list[str]]


def plan_members(
    plan: Plan, setting: Setting, crowd: Crowd, workspaces: Ids, other: Mapping[str, list[FieldChange]]
) -> None:
    """Members of each workspace that lists them; the list is whole. `other` is what else changes of a workspace."""
    written, gone = list[Mapping[str, Any]](), list[Mapping[str, Any]]()
    for index, workspace in enumerate(setting.document.realm.workspaces):
        where = workspaces[workspace.slug]
        found = list(other[workspace.slug])
        if "members" in workspace.model_fields_set:
            held, labels = _held(setting, where)
            wanted = _wanted(plan, index, workspace, crowd)
            written += [_row(who, where, wanted[who]) for who in wanted if wanted[who] != held.get(who)]
            gone += [{"user_id": who, "workspace_id": where} for who in held.keys() - wanted.keys()]
            found += _told(held, wanted, labels | crowd.labels)
        created = workspace.slug not in setting.inventory.workspaces
        plan.tell("workspaces", workspace.slug, found, created=created)
    plan.upsert(memberships, written)
    plan.remove(memberships, gone)


def plan_consents(plan: Plan, setting: Setting, crowd: Crowd, clients: Ids) -> None:
    """Consents by user and client."""
    stored = {(each.user_id, each.client_id): each for each in setting.inventory.consents}
    rows, seen = list[Mapping[str, Any]](), set[tuple[UUID, UUID]]()
    for index, consent in enumerate(setting.document.realm.consents):
        user_id = _somebody(plan, ("consents", index, "user"), consent.user, crowd)
        client_id = clients.get(consent.client)
        if client_id is None:
            plan.faults.add(("consents", index, "client"), f"no client is called {consent.client!r}")
        if user_id is None or client_id is None:
            continue
        key = (user_id, client_id)
        if key in seen:
            plan.faults.add(("consents", index), "is there twice")
        seen.add(key)
        row, found = _consent_row(setting, consent, stored.get(key))
        if found or key not in stored:
            rows.append({"user_id": user_id, "client_id": client_id} | row)
        name = f"{crowd.labels[user_id]} to {consent.client}"
        plan.tell("consents", name, found, created=key not in stored)
    rows += _pruned(plan, setting, crowd.labels | {client_id: name for name, client_id in clients.items()}, seen)
    plan.upsert(consents, rows)


def _held(setting: Setting, where: UUID) -> tuple[dict[UUID, list[str]], dict[UUID, str]]:
    members = [each for each in setting.inventory.memberships if each.workspace_id == where]
    return {each.user_id: sorted(each.permissions) for each in members}, {
        each.user_id: each.user_label for each in members
    }


def _wanted(plan: Plan, index: int, workspace: Workspace, crowd: Crowd) -> dict[UUID, list[str]]:
    wanted = dict[UUID, list[str]]()
    for place, member in enumerate(workspace.members):
        path = ("workspaces", index, "members", place)
        who = _somebody(plan, (*path, "user"), member.user, crowd)
        if who in wanted:
            plan.faults.add(path, "is the same person as another member")
        elif who is not None:
            wanted[who] = sorted(member.permissions)
    return wanted


def _told(held: Permissions, wanted: Permissions, labels: Mapping[UUID, str]) -> list[FieldChange]:
    if held == wanted:
        return []
    different = [who for who in {**held, **wanted} if held.get(who) != wanted.get(who)]
    old = {labels[who]: held[who] for who in different if who in held}
    new = {labels[who]: wanted[who] for who in different if who in wanted}
    return [FieldChange("members", old, new)]


def _row(who: UUID, where: UUID, permissions: list[str]) -> Mapping[str, Any]:
    return {"user_id": who, "workspace_id": where, "permissions": permissions}


def _somebody(plan: Plan, path: Path, name: str, crowd: Crowd) -> UUID | None:
    found = crowd.find(name)
    if len(found) == 1:
        return found.pop()
    message = "one user has this external id and another this e-mail address" if found else "no such user"
    plan.faults.add(path, message)
    return None


def _consent_row(
    setting: Setting, consent: Consent, stored: Granted | None
) -> tuple[dict[str, Any], list[FieldChange]]:
    before = dict(stored.values) if stored else {"withdrawn_at": None, "expires_at": None, "scopes": None}
    row = {name: before[name] for name in ("scopes", "withdrawn_at", "expires_at")}
    row |= in_order(values_of(consent, ("scopes",)), "scopes")
    if "expires_at" in consent.model_fields_set:
        row["expires_at"] = consent.expires_at
    if "withdrawn" in consent.model_fields_set and consent.withdrawn is not bool(before["withdrawn_at"]):
        row["withdrawn_at"] = setting.now if consent.withdrawn else None
    found = [
        FieldChange(name, before[name], value)
        for name, value in row.items()
        if canonical(_sorted(before[name])) != canonical(value)
    ]
    return row | {"granted_at": _granted_at(setting, stored, found)}, found


def _sorted(value: object) -> object:
    return sorted(value) if isinstance(value, list) else value


def _granted_at(setting: Setting, stored: Granted | None, found: list[FieldChange]) -> object:
    # Other scopes, or a consent given again, are a new consent.
    is_new = stored is None or any(each.name == "scopes" or each.new is None for each in found)
    return setting.now if is_new or stored is None else stored.values["granted_at"]


def _pruned(
    plan: Plan, setting: Setting, labels: Mapping[UUID, str], seen: set[tuple[UUID, UUID]]
) -> list[Mapping[str, Any]]:
    if not setting.prunes("consents"):
        return []
    rows = list[Mapping[str, Any]]()
    for each in setting.inventory.consents:
        if (each.user_id, each.client_id) in seen or each.values["withdrawn_at"] is not None:
            continue
        kept = {name: each.values[name] for name in ("user_id", "client_id", "scopes", "expires_at", "granted_at")}
        rows.append(kept | {"withdrawn_at": setting.now})
        name = f"{labels[each.user_id]} to {labels[each.client_id]}"
        plan.tell("consents", name, [FieldChange("withdrawn_at", None, setting.now)])
    return rows
