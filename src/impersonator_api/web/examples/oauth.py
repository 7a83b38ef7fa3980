"""At the token endpoint, and at userinfo."""

from impersonator_api.web.examples.story import (
    ACCESS_TOKEN,
    ACT,
    ADA,
    ASSERTION,
    BEGIN_EPOCH,
    CAROL,
    END_EPOCH,
    HANDOVER,
    HANDOVER_CODE,
    REDIRECT_URI,
    REFRESH_TOKEN,
    SESSION,
    Example,
)

TOKEN_FORMS: Example = {
    "a user's next token": {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, "client_id": "dashboard"},
    "a service's own": {"grant_type": "client_credentials", "scope": "impersonation"},
    "a service's own, by its key": {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": ASSERTION,
    },
    "a token to act as a user": {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": CAROL,
        "subject_token_type": "urn:impersonator:params:oauth:token-type:user-id",
        "actor_token": ACCESS_TOKEN,
        "actor_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": ["https://api.acme.test"],
    },
    "a user's first token": {
        "grant_type": HANDOVER,
        "code": HANDOVER_CODE,
        "client_id": "dashboard",
        "redirect_uri": REDIRECT_URI,
    },
}
TOKENS: Example = {
    "an exchanged one": {
        "access_token": ACCESS_TOKEN,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 300,
        "expires_on": BEGIN_EPOCH + 300,
        "scope": "profile",
    },
    "a user's next token": {
        "access_token": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 600,
        "expires_on": BEGIN_EPOCH + 600,
        "refresh_token": REFRESH_TOKEN,
        "refresh_token_expires_in": 1800,
        "refresh_token_expires_on": END_EPOCH,
    },
    "a service's own": {
        "access_token": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "expires_on": BEGIN_EPOCH + 3600,
        "scope": "impersonation",
    },
    "bound to a key": {
        "access_token": ACCESS_TOKEN,
        "token_type": "DPoP",
        "expires_in": 600,
        "expires_on": BEGIN_EPOCH + 600,
    },
}
USER: Example = {
    "sub": CAROL,
    "authId": CAROL,
    "email": "carol@customer.example",
    "emailVerified": True,
    "locale": "de",
    "firstName": "Carol",
    "lastName": "Cooper",
    "roles": ["customer"],
    "linkedAccount": None,
    "attributes": {},
    "createdAt": "2025-01-07T08:00:00Z",
    "updatedAt": None,
    "tenant": "acme",
}
USERS: Example = {
    "somebody acts as the user": USER | {"sid": SESSION, "act": ACT, "impersonated_by": ADA, "mode": "limited"},
    "the user": USER,
}
