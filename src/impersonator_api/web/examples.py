"""What the doors take and answer, shown by one story: Ada, of support, looks into Carol's account for a while."""

from typing import Any

Example = dict[str, Any]

ADA = "019aa5e2-0001-7c3e-9b1a-2f6f0d1c9e11"
CAROL = "019aa5e2-0003-7c3e-9b1a-2f6f0d1c9e11"
SESSION = "019aa5e2-7b0c-7c3e-9b1a-2f6f0d1c9e11"
WORKSPACE = "019aa5e2-0005-7c3e-9b1a-2f6f0d1c9e11"
ISSUER = "https://impersonator.example"

BEGIN, END = "2026-11-21T10:00:00Z", "2026-11-21T10:30:00Z"
STOPPED = "2026-11-21T10:12:30Z"
BEGIN_EPOCH, END_EPOCH = 1795255200, 1795257000

ACCESS_TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ik56YkxzWGg4…"  # noqa: S105  # the beginning of one
REFRESH_TOKEN = "eyJhbGciOiJFUzI1NiIsInR5cCI6InJlZnJlc2gi…"  # noqa: S105  # likewise

REDIRECT_URI = "https://dashboard.example/callback"
HANDOVER = "urn:impersonator:params:oauth:grant-type:handover"
HANDOVER_CODE = "LJdlIUCEgt0sPd38_dkvFDKGDWpR9ES7ybI77Z2uXN0"
HANDOVER_URL = f"{REDIRECT_URI}#handover_code={HANDOVER_CODE}"
HANDED_OVER_BY = "2026-11-21T10:01:00Z"

PATH_SEGMENTS = {"app_id": "dashboard", "session_id": SESSION, "user_id": "1003"}
ASSERTION = "eyJhbGciOiJFUzI1NiIsImtpZCI6IlNfa0hWdFZ3…"

ACT = {"sub": ADA, "iss": ISSUER, "amr": ["pwd", "otp"]}

# ── the admin API ────────────────────────────────────────────────────────────────────────────────────────────────

SUMMARY: Example = {
    "id": SESSION,
    "impersonator_id": ADA,
    "impersonator_email": "ada@acme.example",
    "target_user_id": CAROL,
    "target_user_email": "carol@customer.example",
    "reason": "Locked out since this morning",
    "started_at": BEGIN,
    "ended_at": None,
    "is_active": True,
    "duration_seconds": 0,
    "status": "active",
    "impersonator_kind": "user",
    "impersonator_label": "ada@acme.example",
    "target_label": "carol@customer.example",
    "client_id": "dashboard",
    "workspace": "north",
    "mode": "limited",
    "permissions": ["ticket.read"],
    "ticket": "SUP-4711",
    "expires_at": END,
    "end_reason": None,
    "ended_by": None,
    "rule": "support-helps-customers",
    "policy_version": 3,
    "metadata": {},
}
ENDED_SUMMARY: Example = SUMMARY | {
    "ended_at": STOPPED,
    "is_active": False,
    "duration_seconds": 750,
    "status": "ended",
    "end_reason": "stopped",
    "ended_by": "ada@acme.example",
}

STARTED: Example = {
    "success": True,
    "session_id": SESSION,
    "token": ACCESS_TOKEN,
    "access_token": ACCESS_TOKEN,
    "token_type": "Bearer",
    "expires_in": 600,
    "expires_at": END,
    "refresh_token": REFRESH_TOKEN,
    "refresh_token_expires_in": 1800,
    "refresh_token_expires_on": END_EPOCH,
    "target_user": {"id": CAROL, "email": "carol@customer.example", "display_name": "Carol", "role": "customer"},
    "message": "Impersonation session started successfully",
    "session": SUMMARY,
    "handover_url": HANDOVER_URL,
    "handover": [{"redirect_uri": REDIRECT_URI, "url": HANDOVER_URL, "expires_at": HANDED_OVER_BY, "query_url": None}],
}
ENDED: Example = {
    "success": True,
    "message": "Impersonation session ended successfully",
    "session_id": SESSION,
    "duration_seconds": 750,
}
PAGE: Example = {"sessions": [ENDED_SUMMARY], "total_count": 1, "total_is_capped": False}

END_BODIES: Example = {"the only one": {}, "one of several": {"session_id": SESSION}}

# ── the doors of seed 003 ────────────────────────────────────────────────────────────────────────────────────────

SESSION_DATA: Example = {
    "id": SESSION,
    "impersonatorId": ADA,
    "impersonatedUserId": CAROL,
    "status": "active",
    "startedAt": BEGIN,
    "endedAt": None,
    "expiresAt": END,
    "reason": "Locked out since this morning",
    "workspaceId": WORKSPACE,
    "permissions": ["ticket.read"],
    "metadata": {"ipAddress": "192.0.2.7", "userAgent": "Mozilla/5.0"},
    "isActive": True,
}
ENDED_DATA: Example = SESSION_DATA | {"status": "ended", "endedAt": STOPPED, "isActive": False}
TOKENS_DATA: Example = {
    "token": ACCESS_TOKEN,
    "accessToken": ACCESS_TOKEN,
    "refreshToken": REFRESH_TOKEN,
    "expiresIn": 600,
}
ADA_DATA: Example = {"id": ADA, "email": "ada@acme.example", "displayName": "Ada"}
CAROL_DATA: Example = {"id": CAROL, "email": "carol@customer.example", "displayName": "Carol"}
CONTEXT_DATA: Example = {
    "isImpersonated": True,
    "sessionId": SESSION,
    "startedAt": BEGIN,
    "session": SESSION_DATA,
    "impersonator": ADA_DATA,
    "impersonatedUser": CAROL_DATA,
}
MAY: Example = {"canImpersonate": True, "rule": None, "law": None, "obligations": []}


def enveloped(data: object, message: str) -> Example:
    """An answer of these doors."""
    return {"success": True, "data": data, "message": message}


NO_SESSION: Example = enveloped(None, "No active session")
ACTIVE: Example = {
    "a session": enveloped(SESSION_DATA, "Active session found"),
    "none": NO_SESSION,
}
CONTEXT: Example = {
    "somebody is acting": enveloped(CONTEXT_DATA, "Active session found"),
    "nobody is": NO_SESSION,
}
CHECK_BODIES: Example = {
    "anybody at all": {},
    "this user": {"impersonatedUserId": "1003", "workspaceId": "north", "permissions": ["ticket.read"]},
}
CHECKED: Example = {
    "anybody at all": enveloped(MAY, "Permissions checked"),
    "with a reason": enveloped(
        MAY | {"rule": "support-helps-customers", "obligations": ["reason-required"]}, "Permissions checked"
    ),
    "no": enveloped(MAY | {"canImpersonate": False, "law": "only-downwards"}, "Permissions checked"),
}

# ── OAuth, userinfo and seed 001 ─────────────────────────────────────────────────────────────────────────────────

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
LOGOUT_FORMS: Example = {
    "everything": {"refresh_token": REFRESH_TOKEN, "post_logout_redirect_uri": "https://dashboard.example/bye"},
    "the bearer's token is enough": {},
}
LOGGED_OUT: Example = {
    "with a way on": {"success": True, "redirectUri": "https://dashboard.example/bye"},
    "without": {"success": True, "redirectUri": None},
}
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

# ── keys and health ──────────────────────────────────────────────────────────────────────────────────────────────

KEYS: Example = {
    "keys": [
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
            "use": "sig",
            "alg": "ES256",
        }
    ]
}
READY: Example = {"status": "ready", "checks": {"database": "ok", "schema": "ok", "keys": "ok"}}
NOT_READY: Example = {
    "status": "not ready",
    "checks": {"database": "does not answer", "schema": "unknown", "keys": "ok"},
}

# ── what some problems say besides ───────────────────────────────────────────────────────────────────────────────

PROBLEM_MEMBERS: Example = {
    "impersonation-refused": {"law": "only-downwards"},
    "invalid-request": {"errors": [{"pointer": "#/reason", "message": "String should have at most 500 characters"}]},
    "session-already-active": {"session_id": SESSION},
    "unknown-filter-value": {"parameter": "target"},
}
