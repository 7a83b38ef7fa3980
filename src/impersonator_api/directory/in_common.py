"""How remembered things stay small: what many have in common is kept once, and what is large not at all."""

from collections.abc import Hashable
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from impersonator_api.directory.clients import Client
from impersonator_api.directory.people import Person

LARGEST: Final = 2048
"""Bytes of JSON; who has more attributes or memberships is read whole each time, so that memory has a bound."""

Thing = TypeVar("Thing")
Who = TypeVar("Who", Person, Client, Person | Client)


class InCommon:
    """Tenants, clients, issuers and roles of many, each of them once."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._things: dict[Hashable, Any] = {}

    def one_of(self, key: Hashable, thing: Thing) -> Thing:
        """The same thing for all that have an equal one in common, not one for each."""
        known: Thing | None = self._things.get(key)
        if known == thing:
            return known
        if len(self._things) >= self._at_most:
            self._things.clear()
        self._things[key] = thing
        return thing

    def sparing(self, who: Who) -> Who:
        """The same one, with roles that all who hold them have in common."""
        if isinstance(who, Person):
            return replace(who, roles=tuple([self.one_of(role, role) for role in who.roles]))
        return self.one_of(who.id, who)


def is_large(*parties: Person | Client) -> bool:
    """Whether what each of them has alone is more than is remembered of anybody."""
    alone = [_of_nobody_else(each) for each in parties if isinstance(each, Person)]
    return len(msgspec.json.encode(alone)) > LARGEST


def _of_nobody_else(person: Person) -> tuple[object, ...]:
    # Roles of the whole tenant are few, and kept once; those of workspaces may be as many as there are workspaces.
    return person.profile, person.memberships, [role.workspace_id for role in person.roles if role.workspace_id]
