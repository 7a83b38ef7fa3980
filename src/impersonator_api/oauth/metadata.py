"""What this authorization server offers (RFC 8414)."""

from collections.abc import Mapping

from impersonator_api.oauth.grants import GRANTS

SECRETS = ["client_secret_basic", "client_secret_post"]
PUBLIC = "none"


def metadata(issuer: str) -> Mapping[str, object]:
    """The metadata document; `issuer` is the tokens' `iss`, byte for byte (§3.3)."""
    base = issuer.rstrip("/")
    return {
        "issuer": issuer,
        "token_endpoint": f"{base}/oauth2/v1/token",
        "introspection_endpoint": f"{base}/oauth2/v1/introspect",
        "revocation_endpoint": f"{base}/oauth2/v1/revoke",
        "userinfo_endpoint": f"{base}/oauth2/v1/userinfo",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "grant_types_supported": list(GRANTS),
        # §2 requires the member; without an authorization endpoint there is no response type to name.
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": [*SECRETS, PUBLIC],
        "introspection_endpoint_auth_methods_supported": SECRETS,
        "revocation_endpoint_auth_methods_supported": [*SECRETS, PUBLIC],
    }
