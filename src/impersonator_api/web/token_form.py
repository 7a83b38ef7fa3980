"""What a form may say at the token endpoint, for the OpenAPI document."""

from impersonator_api.oauth.grants.request import REPEATABLE
from impersonator_api.web.examples import oauth as examples
from impersonator_api.web.openapi import openapi_form
from impersonator_api.web.presented import CLIENT_ASSERTION

EXCHANGE = {
    "subject_token": "For a token exchange (RFC 8693): whom to act as, by a token or by a bare id.",
    "subject_token_type": "`urn:ietf:params:oauth:token-type:access_token`, `…:jwt`, "
    "or `urn:impersonator:params:oauth:token-type:user-id`.",
    "actor_token": "The access token of the person who acts; left out, the service acts for itself.",
    "actor_token_type": "With `actor_token`, and never without it.",
    "requested_token_type": "An access token (the default), `…:jwt`, or a `…:refresh_token`.",
    "audience": "For whom the token shall be: the client's `audience`, or one of its `audiences`. May repeat.",
    "resource": "The same as an absolute URI (RFC 8707). May repeat.",
    "may_act": "A client id: the one service that may take the new token over.",
    "reason": "Why, where the policy asks for it; so with the rest.",
    "ticket": "A ticket's number.",
    "workspace": "Id or slug of a workspace of the target's.",
    "mode": "`read_only`, `limited` or `full`.",
    "permissions": "Space-separated; makes the mode `limited`.",
    "duration": "How long the session shall last, in seconds.",
}

TOKEN_FORM = openapi_form(
    {
        "grant_type": "One of the metadata's `grant_types_supported`.",
        "scope": "Space-separated; a refresh may only narrow it.",
        "refresh_token": "For the grant `refresh_token`.",
        "code": "For a hand-over: what the link's fragment holds as `handover_code`.",
        "redirect_uri": "For a hand-over: the registered redirect URI that the link was made from, as it is.",
        "code_verifier": "For a hand-over whose start had a `code_challenge` (RFC 7636).",
        "client_id": "Of a public client; a service uses HTTP Basic.",
        "client_secret": "Instead of HTTP Basic; never both.",
        **CLIENT_ASSERTION,
        **EXCHANGE,
    },
    repeatable=REPEATABLE,
    examples=examples.TOKEN_FORMS,
    required=["grant_type"],
)
