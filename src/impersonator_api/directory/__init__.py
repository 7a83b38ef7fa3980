"""The directory: who exists in a tenant, with which roles, and which clients and issuers are known."""

from impersonator_api.directory.clients import (
    Client,
    ClientKind,
    RefreshPolicy,
    Subject,
    built_in_client_id,
)
from impersonator_api.directory.in_common import InCommon, is_large
from impersonator_api.directory.known import KnownByRevision
from impersonator_api.directory.people import (
    EVERYTHING,
    IMPERSONATION_RIGHTS,
    Consent,
    Permission,
    Person,
    Role,
    Status,
    Tenant,
    Workspace,
    common,
    holds,
    holds_any,
)

__all__ = [
    "EVERYTHING",
    "IMPERSONATION_RIGHTS",
    "Client",
    "ClientKind",
    "Consent",
    "InCommon",
    "KnownByRevision",
    "Permission",
    "Person",
    "RefreshPolicy",
    "Role",
    "Status",
    "Subject",
    "Tenant",
    "Workspace",
    "built_in_client_id",
    "common",
    "holds",
    "holds_any",
    "is_large",
]
