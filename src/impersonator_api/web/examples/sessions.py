"""At the doors of seed 003."""

from impersonator_api.web.examples.story import (
    ACCESS_TOKEN,
    ADA,
    BEGIN,
    CAROL,
    END,
    REFRESH_TOKEN,
    SESSION,
    STOPPED,
    WORKSPACE,
    Example,
)

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
