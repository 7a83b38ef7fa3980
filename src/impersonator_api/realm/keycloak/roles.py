"""Which roles a Keycloak user really holds: by himself, by his groups, and by what composite roles stand for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from impersonator_api.realm.document import Entry
from impersonator_api.realm.keycloak.representation import (
    GroupRepresentation,
    RealmRepresentation,
    UserRepresentation,
)
from impersonator_api.realm.words import PermissionName, Rank, Text

OWN_CLIENTS = frozenset(
    {"account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"}
)
"""Clients that Keycloak makes for itself in every realm."""
OWN_ROLES = frozenset({"offline_access", "uma_authorization"})

ByClient = Mapping[str, Sequence[str]]


class Mapped(Entry):
    """What one Keycloak role is worth here."""

    rank: Rank = 0
    permissions: tuple[PermissionName, ...] = ()
    name: Text | None = None


def client_role(client_id: str, role: str) -> str:
    """The one name of a role that belongs to a client."""
    return f"{client_id}/{role}"


@dataclass(slots=True)
class Roles:
    """The roles of a realm by their one name, and what each stands for."""

    realm: RealmRepresentation
    mapped: Mapping[str, Mapped]
    composites: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # worth having: Keycloak's own only where the map names them

    def __post_init__(self) -> None:
        for role in self.realm.roles.realm:
            self._add(role.name, role.composites)
        for client_id, roles in self.realm.roles.client.items():
            for role in roles:
                self._add(client_role(client_id, role.name), role.composites)
        for group in self.realm.groups:
            self._add_group("", group, [])
        self.known = {name for name in self.composites if name in self.mapped or not self._is_keycloaks_own(name)}

    def held_by(self, user: UserRepresentation) -> list[str]:
        """The names here of all roles somebody holds."""
        names = [*_names(user.realm_roles, user.client_roles)]
        for path in user.groups:
            names += self.groups.get(path, [])
        return sorted({self.name_here(name) for name in self._expanded(names) & self.known})

    def written(self) -> list[dict[str, Any]]:
        """The roles as the realm file has them; nothing is worth anything unless the map says so."""
        by_name: dict[str, dict[str, Any]] = {}
        for name in sorted(self.known):
            worth = self.mapped.get(name, Mapped())
            here = self.name_here(name)
            known = by_name.setdefault(here, {"name": here, "rank": 0, "permissions": []})
            # Several may be one role here: it is worth what the best of them is.
            known["rank"] = max(known["rank"], worth.rank)
            known["permissions"] = sorted({*known["permissions"], *worth.permissions})
        return list(by_name.values())

    def name_here(self, name: str) -> str:
        """A role's name in the realm file."""
        worth = self.mapped.get(name)
        return worth.name if worth and worth.name else name

    def _add(self, name: str, composites: Any) -> None:  # noqa: ANN401  # `Composites | None`, without a cycle.
        self.composites[name] = [*_names(composites.realm, composites.client)] if composites else []

    def _add_group(self, around: str, group: GroupRepresentation, inherited: list[str]) -> None:
        path = f"{around}/{group.name}"
        self.groups[path] = [*inherited, *_names(group.realm_roles, group.client_roles)]
        for inner in group.sub_groups:
            self._add_group(path, inner, self.groups[path])

    def _expanded(self, names: Iterable[str]) -> set[str]:
        found, waiting = set[str](), list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.composites.get(name, [])
        return found

    def _is_keycloaks_own(self, name: str) -> bool:
        return (
            name in OWN_ROLES
            or name == f"default-roles-{self.realm.realm.lower()}"
            or name.partition("/")[0] in OWN_CLIENTS
        )


def _names(realm_roles: Iterable[str], client_roles: ByClient) -> Iterator[str]:
    yield from realm_roles
    for client_id, roles in client_roles.items():
        for role in roles:
            yield client_role(client_id, role)
