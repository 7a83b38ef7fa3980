"""The realm that is measured: administrators who act, customers, SPAs and a service."""

import json
import secrets
from dataclasses import dataclass, field

TENANT = "bench"
SPA_THAT_ROTATES, SPA_THAT_REUSES, SERVICE = "portal", "dashboard", "backoffice"
CUSTOMERS = 1000


@dataclass(frozen=True, slots=True)
class Realm:
    """How many there are of whom, and the service's secret."""

    admins: int
    customers: int = CUSTOMERS
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def as_file(self) -> bytes:
        """A realm file; what is JSON is YAML."""
        spa = {"kind": "spa", "audience": "https://api.bench.test", "redirect_uris": ["https://bench.test/callback"]}
        realm = {
            "tenant": TENANT,
            "roles": [
                {"name": "super_admin", "rank": 100, "permissions": ["*"]},
                {"name": "customer", "rank": 0, "permissions": ["profile.read"]},
            ],
            "users": [
                *(_user(admin_id(number), "super_admin") for number in range(self.admins)),
                *(_user(customer_id(number), "customer") for number in range(self.customers)),
            ],
            "clients": [
                {**spa, "client_id": SPA_THAT_ROTATES, "refresh_policy": "rotate"},
                {**spa, "client_id": SPA_THAT_REUSES, "refresh_policy": "reuse"},
                {"client_id": SERVICE, "kind": "service", "scopes": ["introspect", "root"], "secret": self.secret},
            ],
            "policy": {
                "version": 1,
                "rules": [
                    {
                        "name": "admins-help",
                        "impersonators": {"roles": ["super_admin"]},
                        "targets": {"roles": ["customer"]},
                        "modes": ["full"],
                        "require": {"reason": True},
                    }
                ],
            },
        }
        return json.dumps(realm).encode()


def admin_id(number: int) -> str:
    """The external id of an administrator."""
    return f"admin-{number}"


def customer_id(number: int) -> str:
    """The external id of a customer."""
    return f"customer-{number}"


def _user(external_id: str, role: str) -> dict[str, object]:
    return {"external_id": external_id, "email": f"{external_id}@bench.test", "roles": [role]}
