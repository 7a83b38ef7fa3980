"""Asks with sane defaults: Ana, who supports, wants to act as Bob, a customer. Override one thing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from impersonator_api.directory import (
    Client,
    ClientKind,
    Consent,
    Person,
    RefreshPolicy,
    Role,
    Status,
    Subject,
    Tenant,
    Workspace,
)
from impersonator_api.policy import Ask, PolicyDocument, parse_document

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACME = UUID("01930000-0000-7000-8000-000000000001")
GLOBEX = UUID("01930000-0000-7000-8000-000000000002")
NORTH = Workspace(id=uuid5(ACME, "north"), slug="north", name="North")
SOUTH = Workspace(id=uuid5(ACME, "south"), slug="south", name="South")


def tenant(**changed: Any) -> Tenant:
    """Acme, active and willing."""
    own: dict[str, Any] = {
        "id": ACME,
        "slug": "acme",
        "name": "Acme",
        "status": Status.ACTIVE,
        "revision": 1,
        "settings": {},
    }
    return Tenant(**(own | changed))


def role(name: str, rank: int = 0, *permissions: str, workspace: Workspace | None = None) -> Role:
    """A role, tenant-wide unless a workspace is given."""
    return Role(name, rank, frozenset(permissions), workspace.id if workspace else None)


SUPPORT = role("support", 50, "impersonation.start", "ticket.read")
CUSTOMER = role("customer", 0, "ticket.read", "ticket.reply", "invoice.read")


def person(name: str, *roles: Role, **changed: Any) -> Person:
    """Somebody of Acme, active."""
    own: dict[str, Any] = {
        "id": uuid5(ACME, name),
        "tenant_id": ACME,
        "external_id": f"x-{name}",
        "email": f"{name}@acme.test",
        "display_name": name.title(),
        "status": Status.ACTIVE,
        "roles": roles,
    }
    return Person(**(own | changed))


def client(client_id: str = "dashboard", **changed: Any) -> Client:
    """An active SPA that asks for no consent."""
    own: dict[str, Any] = {
        "id": uuid5(ACME, client_id),
        "tenant_id": ACME,
        "client_id": client_id,
        "number": None,
        "name": client_id,
        "kind": ClientKind.SPA,
        "status": Status.ACTIVE,
        "subject": Subject.ID,
        "rank": 0,
        "permissions": frozenset(),
        "scopes": frozenset(),
        "redirect_uris": (),
        "consent_required": False,
        "refresh_policy": RefreshPolicy.ROTATE,
        "signing_alg": "ES256",
        "audience": None,
        "audiences": frozenset(),
        "dpop_bound": False,
        "query_handover": False,
    }
    return Client(**(own | changed))


def service(client_id: str = "robot", **changed: Any) -> Client:
    """A service that may act for itself."""
    own: dict[str, Any] = {
        "kind": ClientKind.SERVICE,
        "rank": 40,
        "permissions": frozenset({"impersonation.start", "ticket.read"}),
    }
    return client(client_id, **(own | changed))


def consent(*scopes: str, **changed: Any) -> Consent:
    """A consent given yesterday and still in force."""
    own: dict[str, Any] = {"scopes": frozenset(scopes), "granted_at": NOW - timedelta(days=1)}
    return Consent(**(own | changed))


ANA = person("ana", SUPPORT)
BOB = person("bob", CUSTOMER)


def ask(**changed: Any) -> Ask:
    """Ana asks to act as Bob in the dashboard."""
    own: dict[str, Any] = {"now": NOW, "tenant": tenant(), "impersonator": ANA, "target": BOB, "client": client()}
    return Ask(**(own | changed))


def written(**changed: Any) -> dict[str, Any]:
    """A rule by which support acts as anybody lower, in every mode, as somebody would write it."""
    own: dict[str, Any] = {
        "name": "support-helps",
        "impersonators": {"roles": ["support"], "clients": ["robot"]},
        "modes": ["read_only", "limited", "full"],
    }
    return own | changed


def document(*rules: dict[str, Any], **changed: Any) -> PolicyDocument:
    """A document of these rules, or of the one above."""
    return parse_document({"version": 1, "rules": list(rules) or [written()]} | changed)
