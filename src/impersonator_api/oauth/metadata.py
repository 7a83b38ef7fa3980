"""What this authorization server offers (RFC 8414)."""

from collections.abc import Mapping

from impersonator_api.oauth.endpoints import token_endpoint
from impersonator_api.oauth.grants import GRANTS
from impersonator_api.tokens import VERIFIABLE

SECRETS = ["client_secret_basic", "client_secret_post"]
KEY = "private_key_jwt"
PUBLIC = "none"


def metadata(issuer: str) -> Mapping[str, object]:
    """The metadata document; `issuer` is the tokens' `iss`, byte for byte (§3.3)."""
    base, algorithms = issuer.rstrip("/"), sorted(VERIFIABLE)
    return {
        "issuer": issuer,
        "token_endpoint": token_endpoint(issuer),
        "introspection_endpoint": f"{base}/oauth2/v1/introspect",
        "revocation_endpoint": f"{base}/oauth2/v1/revoke",
        "userinfo_endpoint": f"{base}/oauth2/v1/userinfo",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "grant_types_supported": list(GRANTS),
        # §2 requires the member; without an authorization endpoint there is no response type to name.
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": [*SECRETS, KEY, PUBLIC],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": [*SECRETS, KEY],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": [*SECRETS, KEY, PUBLIC],
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "dpop_signing_alg_values_supported": algorithms,
    }
