"""What policy is asked, and what it answers: a frozen snapshot in, a frozen decision out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from impersonator_api.directory import Client, Consent, Person, Role, Tenant, Workspace


class Mode(StrEnum):
    """How much of the target's rights a session may use."""

    READ_ONLY = "read_only"
    LIMITED = "limited"
    FULL = "full"


class Rights(StrEnum):
    """Whose rights count: the target's, or only what impersonator and target both hold."""

    TARGET = "target"
    INTERSECTION = "intersection"


class OnActive(StrEnum):
    """What a second start does while a session is active."""

    REPLACE = "replace"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Ask:
    """May this impersonator act as this target, in this client, this way, now? Everything the answer depends on."""

    now: datetime
    tenant: Tenant
    impersonator: Person | Client
    target: Person
    client: Client
    acting_already: bool = False  # the caller's own token has an `act`
    workspace: Workspace | None = None
    consent: Consent | None = None
    scopes: frozenset[str] = frozenset()
    mode: Mode | None = None  # None: the first mode the rule grants; limited where permissions are named
    permissions: frozenset[str] | None = None
    duration: timedelta | None = None  # None: the rule's default
    reason: str | None = None
    ticket: str | None = None
    spa_required: bool = False

    @property
    def impersonator_permissions(self) -> frozenset[str]:
        """What the impersonator holds in the workspace in question."""
        if isinstance(self.impersonator, Person):
            return self.impersonator.permissions_in(self.workspace_id)
        return self.impersonator.permissions

    @property
    def impersonator_rank(self) -> int:
        """The rank that lets act: a role bound to another workspace protects there, but commands nobody here."""
        if isinstance(self.impersonator, Person):
            return max((role.rank for role in self.roles_counting(self.impersonator)), default=0)
        return self.impersonator.rank

    @property
    def target_permissions(self) -> frozenset[str]:
        """What the target holds in the workspace in question."""
        return self.target.permissions_in(self.workspace_id)

    def roles_counting(self, person: Person) -> tuple[Role, ...]:
        """The roles somebody holds tenant-wide or in the workspace in question."""
        return tuple(role for role in person.roles if role.workspace_id in {None, self.workspace_id})

    @property
    def workspace_id(self) -> UUID | None:
        """The workspace in question, if any."""
        return self.workspace.id if self.workspace else None


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes, within these limits. `permissions` is `None` where whatever the target holds is granted."""

    rule: str
    policy_version: int
    mode: Mode
    rights: Rights
    permissions: frozenset[str] | None
    duration: timedelta
    max_active: int | None  # None: the impersonator takes no slot
    on_active: OnActive | None  # None: the document does not say; the door's own habit holds


@dataclass(frozen=True, slots=True)
class Denied:
    """No. `law` names the law or requirement that refused, `rule` the rule that matched, if one did."""

    law: str
    reason: str
    policy_version: int
    rule: str | None = None


Decision = Allowed | Denied
