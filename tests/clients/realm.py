"""Who is in the realm that the clients find: people, applications, and services with secrets or keys of their own."""

from functools import cache
from typing import Any

from joserfc.jwk import ECKey, RSAKey

API, BILLING = "https://api.acme.test", "https://billing.acme.test"

SECRETS = {
    # What HTTP Basic must form-encode first (RFC 6749 §2.3.1), and not every client does.
    "backoffice": "of a client that: lives 100% + for/one & only=run?",
    "reader": "another-one-that-lives-for-one-run-alone",
    "agent": "the-agent-s-that-lives-for-one-run-alone",
    "orders": "the-orders-that-live-for-one-run-alone",
}

HALF_AN_HOUR = {"targets": {"roles": ["customer"]}, "modes": ["full"], "duration": {"default": "30m", "max": "60m"}}


@cache
def signer_keys() -> dict[str, ECKey | RSAKey]:
    """The keys, by algorithm, of the service `signer`, which has no secret."""
    return {
        "ES256": ECKey.generate_key("P-256", {"kid": "signer-ec", "alg": "ES256", "use": "sig"}),
        "RS256": RSAKey.generate_key(2048, {"kid": "signer-rsa", "alg": "RS256", "use": "sig"}),
    }


def realm(pages: str) -> dict[str, Any]:
    """The realm file; `pages` is where the browser applications are served."""
    return {
        "tenant": "acme",
        "roles": [{"name": "super_admin", "rank": 100, "permissions": ["*"]}, {"name": "customer", "rank": 0}],
        "users": [
            {"external_id": "1001", "email": "ana@acme.test", "display_name": "Ana", "roles": ["super_admin"]},
            {"external_id": "1003", "email": "carla@acme.test", "display_name": "Carla", "roles": ["customer"]},
        ],
        "clients": [*_applications(pages), *_services()],
        "policy": {
            "version": 1,
            "rules": [
                {"name": "admins", "impersonators": {"roles": ["super_admin"]}, **HALF_AN_HOUR},
                {"name": "agents", "impersonators": {"clients": ["agent"]}, **HALF_AN_HOUR},
            ],
        },
    }


def _applications(pages: str) -> list[dict[str, Any]]:
    reuse = {"kind": "spa", "refresh_policy": "reuse", "audience": API}
    return [
        reuse
        | {
            "client_id": "dashboard",
            "query_handover": True,
            "redirect_uris": [f"{pages}/react/", f"{pages}/web/"],
        },
        reuse | {"client_id": "ledger", "signing_alg": "RS256"},
        {"client_id": "portal", "kind": "spa", "redirect_uris": [f"{pages}/openid-client/"], "audience": API},
        {
            "client_id": "vault",
            "kind": "spa",
            "redirect_uris": [f"{pages}/vault/"],
            "audience": API,
            "dpop_bound": True,
        },
    ]


def _services() -> list[dict[str, Any]]:
    service = {"kind": "service"}
    acting = service | {"scopes": ["impersonation"], "rank": 50, "permissions": ["impersonation.start"]}
    reach = {"audience": API, "audiences": [BILLING]}
    return [
        acting | reach | {"client_id": "agent", "secret": SECRETS["agent"]},
        acting | reach | {"client_id": "orders", "secret": SECRETS["orders"]},
        service | {"client_id": "backoffice", "scopes": ["root"], "secret": SECRETS["backoffice"]},
        service | {"client_id": "reader", "scopes": ["introspect"], "secret": SECRETS["reader"]},
        service | {"client_id": "signer", "scopes": ["root"], "jwks": _public()},
    ]


def _public() -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in signer_keys().values()]}
