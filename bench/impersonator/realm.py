"""The realm that is measured: administrators who act, customers, SPAs and a service."""

import json
import secrets
from dataclasses import dataclass, field

TENANT = "bench"
SPA_THAT_ROTATES, SPA_THAT_REUSES, SERVICE = "portal", "dashboard", "backoffice"
CUSTOMERS = 1000

_SPA = {"kind": "spa", "audience": "https://api.bench.test", "redirect_uris": ["https://bench.test/callback"]}
_SERVICE = {
    "kind": "service",
    "scopes": ["introspect", "root"],
    "rank": 50,
    "permissions": ["impersonation.start"],
}
_RULE = {"targets": {"roles": ["customer"]}, "modes": ["full"], "require": {"reason": True}}


@dataclass(frozen=True, slots=True)
class Realm:
    """How many there are of whom, and the service's secret."""

    admins: int
    customers: int = CUSTOMERS
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def as_file(self) -> bytes:
        """A realm file; what is JSON is YAML."""
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
                {**_SPA, "client_id": SPA_THAT_ROTATES, "refresh_policy": "rotate"},
                {**_SPA, "client_id": SPA_THAT_REUSES, "refresh_policy": "reuse"},
                {**_SERVICE, "client_id": SERVICE, "secret": self.secret},
            ],
            "policy": {
                "version": 1,
                "rules": [
                    {**_RULE, "name": "admins-help", "impersonators": {"roles": ["super_admin"]}},
                    {**_RULE, "name": "services-act", "impersonators": {"clients": [SERVICE]}},
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
