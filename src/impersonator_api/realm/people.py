"""Planning a tenant's people: who is who, and which roles they hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from impersonator_api.directory import changes
from impersonator_api.directory.inventory import Stored
from impersonator_api.directory.tables import user_roles, users
from impersonator_api.realm.document import User
from impersonator_api.realm.plan import Plan, Rows, Setting, differences, merged, values_of
from impersonator_api.realm.report import FieldChange
from impersonator_api.realm.things import Ids
from impersonator_api.realm.words import is_uuid

USER: Mapping[str, Any] = {
    "external_id": None,
    "email": None,
    "email_verified": False,
    "display_name": None,
    "given_name": None,
    "family_name": None,
    "status": "active",
    "locale": None,
    "attributes": {},
}
NAMES = ("external_id", "email")
SUSPENDABLE = frozenset({"active", "pending"})

Held = tuple[UUID, UUID | None]


@dataclass(slots=True)
class Crowd:
    """The people there will be, by the names others call them."""

    by_name: dict[str, dict[str, UUID]] = field(default_factory=lambda: {name: {} for name in NAMES})
    labels: dict[UUID, str] = field(default_factory=dict)

    def add(self, person_id: UUID, values: Mapping[str, Any]) -> list[str]:
        """Take somebody in; answers which of the names are taken already."""
        self.labels[person_id] = values["email"] or values["external_id"] or str(person_id)
        keys = {name: key_of(name, values[name]) for name in NAMES if values[name] is not None}
        return [name for name, key in keys.items() if self.by_name[name].setdefault(key, person_id) != person_id]

    def find(self, name: str) -> set[UUID]:
        """Whoever is called so, by external id or e-mail address."""
        found = {self.by_name[kind].get(key_of(kind, name)) for kind in NAMES}
        return {person_id for person_id in found if person_id is not None}


def key_of(name: str, value: str) -> str:
    """What makes two names the same: addresses differ in more than case."""
    return value.lower() if name == "email" else value


def plan_users(plan: Plan, setting: Setting, roles: Ids, workspaces: Ids) -> Crowd:
    """People, each found by external id, else by e-mail address."""
    known = {name: _index(setting.inventory.people, name) for name in NAMES}
    rows, planned = Rows(users, setting.tenant_id), dict[UUID, Mapping[str, Any]]()
    grants, ids = _Grants(plan, setting, roles, workspaces), frozenset(each.id for each in setting.inventory.people)
    for index, user in enumerate(setting.document.realm.users):
        stored = _find(user, known)
        person_id = stored.id if stored else setting.new_id()
        if person_id in planned:
            plan.faults.add(("users", index), "is the same person as another entry")
            continue
        if _is_somebody_elses_address(stored, user):
            plan.faults.add(("users", index, "email"), "belongs to a user with another external id")
        planned[person_id] = _plan_user(setting, rows, (stored, person_id, user))
        if _is_id_of_another(planned[person_id]["external_id"], person_id, ids):
            plan.faults.add(("users", index, "external_id"), "is the id of another user")
        found = differences(stored, values_of(user, tuple(USER))) + grants.plan(index, user, person_id)
        plan.tell("users", _label(planned[person_id]), found, created=stored is None)
    _prune(plan, setting, rows, planned)
    _free_traded_names(plan, setting, planned)
    rows.into(plan)
    grants.into(plan)
    return _crowd(plan, setting, planned)


def trades(names: Iterable[tuple[UUID, Any, Any]]) -> set[UUID]:
    """Of rows `(id, old, new)` of a unique column, those whose old value another one takes."""
    names = list(names)
    takers = {new: person_id for person_id, _, new in names if new is not None}
    return {row_id for row_id, old, new in names if old not in {None, new} and takers.get(old, row_id) != row_id}


def _plan_user(setting: Setting, rows: Rows, entry: tuple[Stored | None, UUID, User]) -> Mapping[str, Any]:
    stored, person_id, user = entry
    values = values_of(user, tuple(USER))
    row = merged(stored, values, USER)
    if stored is None or differences(stored, values):
        rows.put(stored, person_id, row | {"updated_at": setting.now}, {"created_at": setting.now})
    return row


def _find(user: User, known: Mapping[str, Mapping[str, Stored]]) -> Stored | None:
    for name in NAMES:
        value = getattr(user, name)
        if value is not None and (stored := known[name].get(key_of(name, value))):
            return stored
    return None


def _is_somebody_elses_address(stored: Stored | None, user: User) -> bool:
    # Threat: addresses change hands; whoever gets an old one must not inherit the account behind it.
    known = None if stored is None else stored.values["external_id"]
    return known is not None and user.external_id is not None and user.external_id != known


def _index(people: Iterable[Stored], name: str) -> Mapping[str, Stored]:
    return {key_of(name, each.values[name]): each for each in people if each.values[name] is not None}


def _is_id_of_another(external_id: str | None, person_id: UUID, ids: frozenset[UUID]) -> bool:
    # Threat: doors look people up by our id or theirs; one person's external id must not be another's id.
    if external_id is None or not is_uuid(external_id):
        return False
    return UUID(external_id) != person_id and UUID(external_id) in ids


def _crowd(plan: Plan, setting: Setting, planned: Mapping[UUID, Mapping[str, Any]]) -> Crowd:
    crowd, untouched = Crowd(), (each for each in setting.inventory.people if each.id not in planned)
    for each in untouched:
        crowd.add(each.id, each.values)
    for index, (person_id, values) in enumerate(planned.items()):
        for name in crowd.add(person_id, values):
            plan.faults.add(("users", index, name), "is that of another user")
    return crowd


def _prune(plan: Plan, setting: Setting, rows: Rows, planned: Mapping[UUID, Any]) -> None:
    for each in setting.inventory.people if setting.prunes("users") else ():
        status = each.values["status"]
        if each.id not in planned and status in SUSPENDABLE:
            rows.put(each, each.id, merged(each, {"status": "suspended"}, USER) | {"updated_at": setting.now})
            plan.tell("users", _label(each.values), [FieldChange("status", status, "suspended")])


def _free_traded_names(plan: Plan, setting: Setting, planned: Mapping[UUID, Mapping[str, Any]]) -> None:
    before = {each.id: each.values for each in setting.inventory.people}
    for name in NAMES:
        moves = [(key, before[key][name] if key in before else None, row[name]) for key, row in planned.items()]
        if ids := trades((key, old and key_of(name, old), new and key_of(name, new)) for key, old, new in moves):
            plan.freed.append(changes.freed(users, name, ids))


def _label(values: Mapping[str, Any]) -> str:
    return str(values["email"] or values["external_id"])


class _Grants:
    """The roles people hold; a user's list of roles is whole."""

    def __init__(self, plan: Plan, setting: Setting, roles: Ids, workspaces: Ids) -> None:
        self._faults = plan.faults
        self._roles, self._workspaces = roles, workspaces
        self._role_names = {role_id: name for name, role_id in roles.items()}
        self._slugs = {workspace_id: slug for slug, workspace_id in workspaces.items()}
        self._held: dict[UUID, set[Held]] = {}
        for user_id, role_id, workspace_id in setting.inventory.grants:
            self._held.setdefault(user_id, set()).add((role_id, workspace_id))
        self._new: list[Mapping[str, Any]] = []
        self._gone: list[Mapping[str, Any]] = []

    def plan(self, index: int, user: User, user_id: UUID) -> list[FieldChange]:
        """The change of one person's roles, if the document speaks of them."""
        if "roles" not in user.model_fields_set:
            return []
        held, wanted = self._held.get(user_id, set()), self._wanted(index, user)
        self._new += [_grant_row(user_id, grant) for grant in wanted - held]
        self._gone += [_grant_row(user_id, grant) for grant in held - wanted]
        return [FieldChange("roles", self._named(held), self._named(wanted))] if held != wanted else []

    def into(self, plan: Plan) -> None:
        """Queue them."""
        plan.insert(user_roles, self._new)
        plan.remove(user_roles, self._gone)

    def _wanted(self, index: int, user: User) -> set[Held]:
        wanted = set[Held]()
        for place, grant in enumerate(user.roles):
            role_id = self._roles.get(grant.role)
            workspace_id = self._workspaces.get(grant.workspace) if grant.workspace else None
            if role_id is None:
                self._faults.add(("users", index, "roles", place), f"no role is called {grant.role!r}")
            elif grant.workspace and workspace_id is None:
                self._faults.add(("users", index, "roles", place), f"no workspace is called {grant.workspace!r}")
            else:
                wanted.add((role_id, workspace_id))
        return wanted

    def _named(self, held: set[Held]) -> list[str]:
        names = [(self._role_names[role_id], self._slugs.get(where) if where else None) for role_id, where in held]
        return sorted(f"{role} in {slug}" if slug else role for role, slug in names)


def _grant_row(user_id: UUID, grant: Held) -> Mapping[str, Any]:
    role_id, workspace_id = grant
    return {"user_id": user_id, "role_id": role_id, "workspace_id": workspace_id}
