"""Tenants and people as decisions see them: frozen, whole, and without any way back to the database."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field

EVERYTHING = "*"
"""The permission that holds all others."""


class Permission(StrEnum):
    """What the service's own doors ask for; an organisation's permissions are free text beside these."""

    START = "impersonation.start"
    END_ANY = "impersonation.end_any"
    READ_ANY = "impersonation.read_any"
    APPROVE = "impersonation.approve"


IMPERSONATION_RIGHTS = frozenset({Permission.START, Permission.END_ANY, Permission.READ_ANY, Permission.APPROVE})
"""Any of these opens the session lists; who holds one is a privileged target."""


class Status(StrEnum):
    """Whether somebody or something may take part."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    PENDING = "pending"
    DELETED = "deleted"


class Tenant(Struct, frozen=True):
    """An organisation; `revision` rises with every change of its directory, clients, consents or policy."""

    id: UUID
    slug: str
    name: str
    status: Status
    revision: int
    settings: Mapping[str, object]

    @property
    def is_active(self) -> bool:
        """Whether anything may happen in it."""
        return self.status is Status.ACTIVE

    @property
    def is_killed(self) -> bool:
        """Whether the kill switch is thrown: no impersonation at all."""
        return self.settings.get("kill_switch") is True

    @property
    def is_opted_out(self) -> bool:
        """Whether the organisation wants nobody impersonated."""
        return self.settings.get("opt_out") is True


class Workspace(Struct, frozen=True):
    """A part of a tenant in which members hold permissions."""

    id: UUID
    slug: str
    name: str


class Role(Struct, frozen=True):
    """A role as one person holds it; `workspace_id` binds it to one workspace."""

    name: str
    rank: int
    permissions: frozenset[str]
    workspace_id: UUID | None = None


class Profile(Struct, frozen=True, kw_only=True):
    """What a user's own pages show of him; no decision looks at it."""

    email_verified: bool = False
    given_name: str | None = None
    family_name: str | None = None
    locale: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None


NO_PROFILE = Profile()


class Person(Struct, frozen=True):
    """A user of a tenant's directory, with roles and memberships as they are now."""

    id: UUID
    tenant_id: UUID
    external_id: str | None
    email: str | None
    display_name: str | None
    status: Status
    roles: tuple[Role, ...] = ()
    memberships: Mapping[UUID, frozenset[str]] | None = None
    profile: Profile = NO_PROFILE

    @property
    def is_active(self) -> bool:
        """Whether this person may act or be acted as."""
        return self.status is Status.ACTIVE

    @property
    def label(self) -> str:
        """What people call this person in lists and audit entries."""
        return self.email or self.external_id or str(self.id)

    @property
    def rank(self) -> int:
        """The highest rank of any role, wherever it counts: being senior anywhere protects everywhere."""
        return max([role.rank for role in self.roles] or [0])

    @property
    def role_names(self) -> tuple[str, ...]:
        """Names of all roles, highest rank first."""
        ordered = sorted(self.roles, key=lambda role: (-role.rank, role.name))
        return tuple(dict.fromkeys([role.name for role in ordered]))

    def roles_in(self, workspace_id: UUID | None) -> list[Role]:
        """The roles that count tenant-wide, and in that workspace where one is named."""
        return [role for role in self.roles if role.workspace_id is None or role.workspace_id == workspace_id]

    def permissions_in(self, workspace_id: UUID | None) -> frozenset[str]:
        """What this person holds tenant-wide, and in that workspace where one is named."""
        held = [role.permissions for role in self.roles_in(workspace_id)]
        if workspace_id is not None and self.memberships:
            held.append(self.memberships.get(workspace_id, frozenset()))
        return frozenset().union(*held)

    @property
    def permissions_anywhere(self) -> frozenset[str]:
        """Every permission held in any place: the question is whom it protects, not what it allows."""
        memberships = (self.memberships or {}).values()
        return frozenset().union(*[role.permissions for role in self.roles], *memberships)


class Consent(Struct, frozen=True):
    """What a user granted a client."""

    scopes: frozenset[str]
    granted_at: datetime
    withdrawn_at: datetime | None = None
    expires_at: datetime | None = None

    def covers(self, scopes: Iterable[str], now: datetime) -> bool:
        """Whether it is in force and holds all of these scopes."""
        in_force = self.withdrawn_at is None and (self.expires_at is None or self.expires_at > now)
        return in_force and self.scopes >= frozenset(scopes)


def holds(permissions: frozenset[str], wanted: str) -> bool:
    """Whether a set of permissions holds one; `*` holds all."""
    return wanted in permissions or EVERYTHING in permissions


def holds_any(permissions: frozenset[str], wanted: frozenset[str]) -> bool:
    """Whether a set of permissions holds at least one of these."""
    return EVERYTHING in permissions or not permissions.isdisjoint(wanted)


def common(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """What two sets of permissions both hold; `*` on one side gives the other side's."""
    if EVERYTHING in one:
        return other
    if EVERYTHING in other:
        return one
    return one & other
