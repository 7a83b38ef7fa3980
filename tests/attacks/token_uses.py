"""What each kind of token is good for, place by place; wherever nothing is written here, it is good for nothing."""

from collections.abc import Mapping

from attacks.routes import ROUTES
from attacks.token_places import PLACES

Outcomes = Mapping[str, str]

OK = "200"
NOT_HERE = "403 impersonation-token-not-allowed"
NO_RIGHT = "403 impersonation-not-permitted"
NOT_BOUND = "401 token-not-bound"
IS_BOUND = "401 token-bound"
OTHER_CLIENT = "400 invalid_grant"
NO_SCOPE = "400 invalid_scope"

OF_PANEL = frozenset(
    {
        "impersonate",
        "show_user",
        "list_active_sessions",
        "end_active_session",
        "list_consented_apps",
        "withdraw_consent",
        "list_apps",
    }
)
OF_RIGHTS = frozenset(ROUTES) - OF_PANEL - {"context", "check", "logout", "userinfo"} | {
    "cookie_that_changes_something"
}
OF_HIMSELF = frozenset(ROUTES) - {"end", "stop", "active", "context", "logout", "userinfo"} | {
    "cookie_that_changes_something",
    "impersonator_token",
}
OF_BEARERS = frozenset(ROUTES) | {"cookie", "cookie_that_changes_something", "impersonator_token"}

MEANT_FOR: Mapping[str, Outcomes] = {
    "impersonation": dict.fromkeys(
        (
            "userinfo",
            "cookie",
            "active",
            "context",
            "end",
            "stop",
            "logout",
            "subject_token",
            "subject_token_called_jwt",
            "token_at_introspection",
            "token_at_revocation",
        ),
        OK,
    ),
    "handed_on": dict.fromkeys(
        (
            "userinfo",
            "cookie",
            "active",
            "context",
            "end",
            "stop",
            "logout",
            "subject_token",
            "subject_token_called_jwt",
            "token_at_introspection",
        ),
        OK,
    ),
    "bound": dict.fromkeys(("bearer_with_proof", "token_at_introspection", "token_at_revocation"), OK),
    "refresh": dict.fromkeys(
        (
            "refresh_token",
            "refresh_token_with_proof",
            "refresh_token_at_logout",
            "token_at_introspection",
            "token_at_revocation",
        ),
        OK,
    ),
    "bound_refresh": dict.fromkeys(
        ("refresh_token_with_proof", "refresh_token_at_logout", "token_at_introspection", "token_at_revocation"), OK
    ),
    # As an idempotency key any text of its length will do.
    "handover_code": {
        "code": OK,
        "idempotency_key_at_start": OK,
        "idempotency_key_at_impersonate": OK,
        "idempotency_key_at_token": OK,
    },
    "ordinary": dict.fromkeys(
        (
            "start",
            "end",
            "find",
            "show",
            "stop",
            "active",
            "context",
            "users",
            "history",
            "all_active",
            "check",
            "userinfo",
            "cookie",
            "cookie_that_changes_something",
            "impersonator_token",
            "actor_token",
            "actor_token_called_jwt",
            "token_at_introspection",
        ),
        OK,
    ),
    "targets_own": dict.fromkeys(
        (
            "context",
            "check",
            "userinfo",
            "cookie",
            "subject_token",
            "subject_token_called_jwt",
            "token_at_introspection",
        ),
        OK,
    ),
    "service": dict.fromkeys(
        (
            "context",
            "check",
            "impersonate",
            "show_user",
            "list_active_sessions",
            "list_consented_apps",
            "list_apps",
            "token_at_introspection",
        ),
        OK,
    )
    | {"end_active_session": "204", "withdraw_consent": "204"},
    "client_assertion": dict.fromkeys(("client_assertion_at_token", "client_assertion_at_revoke"), OK)
    | {"client_assertion_at_introspect": "200 inactive"},  # the client is known, the token that it asks about is none
    "dpop_proof": {"proof": OK},
    # What is at home there, and nothing of ours.
    "of_another_tenant": dict.fromkeys(
        ("find", "active", "context", "users", "history", "all_active", "userinfo", "cookie"), OK
    ),
    # Only we could have signed it, for this session.
    "refresh_that_nobody_stored": {"refresh_token_at_logout": OK, "token_at_revocation": OK},
}
"""The pairs that are allowed: by kind, the places where it opens something, and how that is answered."""

MEANT_FOR = {**MEANT_FOR, "foreign": {name: OK for name in MEANT_FOR["ordinary"] if name != "token_at_introspection"}}
# Introspection knows our own tokens alone.

TOLD_WHY: Mapping[str, Outcomes] = {
    "impersonation": dict.fromkeys(OF_HIMSELF, NOT_HERE) | {"bearer_with_proof": NOT_BOUND},
    "handed_on": dict.fromkeys(OF_HIMSELF, NOT_HERE)
    | {"bearer_with_proof": NOT_BOUND, "token_at_revocation": OTHER_CLIENT},
    "bound": dict.fromkeys(OF_BEARERS, IS_BOUND),
    "bound_refresh": {"refresh_token": "400 invalid_dpop_proof"},
    "handover_code": {"idempotency_key_at_start_enveloped": "409 session-already-active"},
    "ordinary": dict.fromkeys(OF_PANEL, NO_RIGHT)
    | {
        "start_enveloped": "409 session-already-active",
        "subject_token": NO_SCOPE,
        "subject_token_called_jwt": NO_SCOPE,
        "logout": "403 not-your-session",
        "bearer_with_proof": NOT_BOUND,
        "token_at_revocation": OTHER_CLIENT,
    },
    "targets_own": dict.fromkeys(OF_PANEL | OF_RIGHTS, NO_RIGHT)
    | {
        "logout": "403 not-your-session",
        "bearer_with_proof": NOT_BOUND,
        "impersonator_token": "400 cannot-impersonate-self",
        "token_at_revocation": OTHER_CLIENT,
    },
    "service": dict.fromkeys(OF_RIGHTS, NO_RIGHT)
    | {
        "userinfo": "403 token-has-no-user",
        "cookie": "403 token-has-no-user",
        "logout": "403 not-your-session",
        "bearer_with_proof": NOT_BOUND,
        "token_at_revocation": OTHER_CLIENT,
    },
    "of_another_tenant": dict.fromkeys(OF_PANEL, NO_RIGHT)
    | dict.fromkeys(("start", "start_enveloped", "check", "cookie_that_changes_something"), "404 target-unknown")
    | {
        "end": "404 no-active-session",
        "show": "404 session-unknown",
        "stop": "404 session-unknown",
        "logout": "403 not-your-session",
        "impersonator_token": NO_RIGHT,
        "bearer_with_proof": NOT_BOUND,
        "token_at_revocation": OTHER_CLIENT,
    },
    "of_a_session_that_never_was": {"bearer_with_proof": NOT_BOUND},
    "foreign_id_token": {"bearer_with_proof": NOT_BOUND},
    "foreign_id_token_called_access_token": {"bearer_with_proof": NOT_BOUND},
    "foreign_with_an_actor": {"bearer_with_proof": NOT_BOUND},
}
"""Where a refusal says more than that the token is good for nothing: it is good, and not for this."""

NOT_OF_FOREIGN = ("subject_token", "subject_token_called_jwt", "token_at_revocation")

TOLD_WHY = {
    **TOLD_WHY,
    "foreign": {name: why for name, why in TOLD_WHY["ordinary"].items() if name not in NOT_OF_FOREIGN},
}


def refusals(kind: str) -> Outcomes:
    """How a kind is answered at every place that it is not meant for."""
    why = TOLD_WHY.get(kind, {})
    return {name: why.get(name, place.refusal) for name, place in PLACES.items() if name not in MEANT_FOR.get(kind, {})}
