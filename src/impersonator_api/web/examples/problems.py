"""What some problems say besides, and what paths are filled in with."""

from impersonator_api.web.examples.story import SESSION, Example

PATH_SEGMENTS = {"app_id": "dashboard", "session_id": SESSION, "user_id": "1003"}

PROBLEM_MEMBERS: Example = {
    "impersonation-refused": {"law": "only-downwards"},
    "insufficient-user-authentication": {
        "law": "step-up-required",
        "rule": "support-helps-customers",
        "acr_values": "mfa phr",
        "max_age": 900,
    },
    "invalid-request": {"errors": [{"pointer": "#/reason", "message": "String should have at most 500 characters"}]},
    "session-already-active": {"session_id": SESSION},
    "unknown-filter-value": {"parameter": "target"},
}
