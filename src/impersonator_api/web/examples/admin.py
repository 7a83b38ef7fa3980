"""At the admin API (seed 002)."""

from impersonator_api.web.examples.story import (
    ACCESS_TOKEN,
    ADA,
    BEGIN,
    CAROL,
    END,
    END_EPOCH,
    HANDED_OVER_BY,
    HANDOVER_URL,
    REDIRECT_URI,
    REFRESH_TOKEN,
    SESSION,
    STOPPED,
    Example,
)

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
