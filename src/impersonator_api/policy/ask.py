"""What policy is asked, and what it answers: a frozen snapshot in, a frozen decision out."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

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


class LoggedIn(Struct, frozen=True):
    """How the impersonator logged in, as far as the caller's token says; a service has not logged in at all."""

    acr: str | None = None
    auth_time: int | None = None  # in seconds since the epoch, as the claim has it


class Ask(Struct, frozen=True):
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
    login: LoggedIn = LoggedIn()
    started_at: datetime | None = None  # of a session that runs; None: it would start now

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
            return max([role.rank for role in self.roles_counting(self.impersonator)] or [0])
        return self.impersonator.rank

    @property
    def target_permissions(self) -> frozenset[str]:
        """What the target holds in the workspace in question."""
        return self.target.permissions_in(self.workspace_id)

    def roles_counting(self, person: Person) -> list[Role]:
        """The roles somebody holds tenant-wide or in the workspace in question."""
        return person.roles_in(self.workspace_id)

    @property
    def workspace_id(self) -> UUID | None:
        """The workspace in question, if any."""
        return self.workspace.id if self.workspace else None


class Allowed(Struct, frozen=True):
    """Yes, within these limits. `permissions` is `None` where whatever the target holds is granted."""

    rule: str
    policy_version: int
    mode: Mode
    rights: Rights
    permissions: frozenset[str] | None
    duration: timedelta
    max_active: int | None  # None: the impersonator takes no slot
    on_active: OnActive | None  # None: the document does not say; the door's own habit holds


class WantedLogin(Struct, frozen=True):
    """The login that a rule asks for: by one of these methods, if any are named, and this many seconds old at most."""

    acr: tuple[str, ...]
    max_age: int | None

    def as_members(self) -> dict[str, object]:
        """What is asked for, under the names of RFC 9470 §3."""
        members = {"acr_values": " ".join(self.acr) or None, "max_age": self.max_age}
        return {name: value for name, value in members.items() if value is not None}


class Denied(Struct, frozen=True):
    """No. `law` names the law or requirement that refused, `rule` the rule that matched, if one did.

    `login` is there where another login of the impersonator's would do.
    """

    law: str
    reason: str
    policy_version: int
    rule: str | None = None
    login: WantedLogin | None = None


Decision = Allowed | Denied
