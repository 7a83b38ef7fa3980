"""OAuth clients as decisions see them."""

from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from impersonator_api.directory.people import Status

BUILT_IN_PREFIX = "impersonator:"


class ClientKind(StrEnum):
    """A browser application, a service of its own, or a gateway in front of others."""

    SPA = "spa"
    SERVICE = "service"
    GATEWAY = "gateway"


class RefreshPolicy(StrEnum):
    """Whether a refresh token is used once or until it expires."""

    ROTATE = "rotate"
    REUSE = "reuse"


class Subject(StrEnum):
    """Which identifier `sub` and `act.sub` take in a client's tokens."""

    ID = "id"
    EXTERNAL_ID = "external_id"


class Client(Struct, frozen=True):
    """An OAuth client of a tenant. `rank` and `permissions` count where a service acts for itself.

    `audiences` are those it may ask for besides its own when it exchanges tokens (RFC 8693 §2.1).
    """

    id: UUID
    tenant_id: UUID
    client_id: str
    number: int | None
    name: str
    kind: ClientKind
    status: Status
    subject: Subject
    rank: int
    permissions: frozenset[str]
    scopes: frozenset[str]
    redirect_uris: tuple[str, ...]
    consent_required: bool
    refresh_policy: RefreshPolicy
    signing_alg: str
    audience: str | None
    audiences: frozenset[str]
    dpop_bound: bool
    query_handover: bool

    @property
    def is_active(self) -> bool:
        """Whether it may take part."""
        return self.status is Status.ACTIVE

    @property
    def is_built_in(self) -> bool:
        """Whether it is the tenant's own client for sessions that name none."""
        return self.client_id.startswith(BUILT_IN_PREFIX)

    @property
    def label(self) -> str:
        """What people call it in lists and audit entries."""
        return self.client_id

    @property
    def permissions_anywhere(self) -> frozenset[str]:
        """A service holds its permissions in the whole tenant."""
        return self.permissions


def built_in_client_id(tenant_slug: str) -> str:
    """The client that a session belongs to when its start names none."""
    return BUILT_IN_PREFIX + tenant_slug
