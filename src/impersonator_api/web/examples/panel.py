"""At the doors for the backend of an admin panel (seed 001)."""

from impersonator_api.web.examples.oauth import USER
from impersonator_api.web.examples.story import ADA, BEGIN, CAROL, END_EPOCH, ISSUER, REFRESH_TOKEN, SESSION, Example

HANDED_OUT: Example = {
    "refresh_token": REFRESH_TOKEN,
    "refresh_token_expires_in": 1800,
    "refresh_token_expires_on": END_EPOCH,
}

PROFILE: Example = {name: value for name, value in USER.items() if name not in {"sub", "tenant"}}
PANEL_USER: Example = {
    "the user": {"user": PROFILE | {"externalId": "1003", "displayName": "Carol", "isActive": True, "status": "active"}}
}
ACTIVE_SESSIONS: Example = {
    "somebody acts as the user": {
        "activeSessions": [
            {
                "sessionId": SESSION,
                "authId": CAROL,
                "clientId": "dashboard",
                "expiredAt": END_EPOCH,
                "startedAt": BEGIN,
                "impersonatedBy": ADA,
                "impersonatorKind": "user",
                "impersonator": "ada@acme.example",
                "mode": "limited",
                "reason": "Locked out since this morning",
            }
        ]
    },
    "nobody does": {"activeSessions": []},
}
CONSENTED_APPS: Example = {
    "one": {
        "consentedApps": [
            {
                "appId": 3,
                "appName": "Wallet",
                "clientId": "wallet",
                "scopes": ["offline_access", "profile"],
                "grantedAt": BEGIN,
                "expiresAt": None,
            }
        ]
    }
}
APPS: Example = {
    "one": {
        "apps": [
            {
                "id": 3,
                "clientId": "wallet",
                "name": "Wallet",
                "type": "spa",
                "isActive": True,
                "redirectUris": ["https://wallet.example/callback"],
                "scopes": [],
                "consentRequired": True,
            }
        ]
    }
}
INFO: Example = {
    "ours": {
        "configs": {
            "AUTH_SERVER_URL": ISSUER,
            "SPA_ACCESS_TOKEN_EXPIRES_IN": 300,
            "S2S_ACCESS_TOKEN_EXPIRES_IN": 3600,
            "ENABLE_USER_APP_CONSENT": False,
            "ENABLE_NAMES": True,
            "ENABLE_SIGN_UP": False,
            "ENABLE_PASSWORD_RESET": False,
            "SUPPORTED_LOCALES": [],
        }
    }
}
