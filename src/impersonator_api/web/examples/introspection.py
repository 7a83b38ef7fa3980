"""About a token that is asked about, or given back."""

from impersonator_api.web.examples.story import (
    ACCESS_TOKEN,
    ACT,
    BEGIN_EPOCH,
    CAROL,
    ISSUER,
    REFRESH_TOKEN,
    SESSION,
    Example,
)

INTROSPECT_FORMS: Example = {"a token": {"token": ACCESS_TOKEN}}
REVOKE_FORMS: Example = {"a SPA's": {"token": REFRESH_TOKEN, "client_id": "dashboard"}}
INTROSPECTED: Example = {
    "it counts": {
        "active": True,
        "token_type": "Bearer",
        "iss": ISSUER,
        "sub": CAROL,
        "client_id": "dashboard",
        "scope": "openid",
        "exp": BEGIN_EPOCH + 600,
        "sid": SESSION,
        "act": ACT,
        "username": "carol@customer.example",
    },
    "it does not": {"active": False},
}
