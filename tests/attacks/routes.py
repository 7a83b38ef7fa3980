"""Every route of the service, and a request for each that nothing is wrong with, but perhaps its token."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

Names = Mapping[str, str]
"""What stands for `{session_id}`, `{user_id}` and `{app_id}`."""


@dataclass(frozen=True)
class Route:
    """A route that an access token opens."""

    method: str
    path: str
    json: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None

    async def send(self, http: httpx.AsyncClient, names: Names, headers: Mapping[str, str]) -> httpx.Response:
        """The request, with its token in the headers."""
        json, form = (
            {name: text.format(**names) for name, text in (part or {}).items()} for part in (self.json, self.form)
        )
        return await http.request(
            self.method,
            self.path.format(**names),
            json=None if self.json is None else json,
            data=None if self.form is None else form,
            headers=headers,
        )


ADMIN, SEED_003, USERS = "/api/admin/impersonate", "/impersonation", "/api/v1/users"

ROUTES: Mapping[str, Route] = {
    "start": Route(
        "POST",
        ADMIN,
        json={"target_user_id": "{user_id}", "client_id": "{app_id}", "reason": "Locked out since Monday"},
    ),
    "end": Route("POST", f"{ADMIN}/end", json={}),
    "find": Route("GET", f"{ADMIN}/sessions"),
    "show": Route("GET", f"{ADMIN}/sessions/{{session_id}}"),
    "start_enveloped": Route("POST", f"{SEED_003}/start", json={"impersonatedUserId": "{user_id}"}),
    "stop": Route("POST", f"{SEED_003}/stop/{{session_id}}"),
    "active": Route("GET", f"{SEED_003}/active"),
    "context": Route("GET", f"{SEED_003}/context"),
    "users": Route("GET", f"{SEED_003}/users"),
    "history": Route("GET", f"{SEED_003}/history"),
    "all_active": Route("GET", f"{SEED_003}/admin/all-active"),
    "check": Route("POST", f"{SEED_003}/check-permissions", json={"impersonatedUserId": "{user_id}"}),
    "impersonate": Route(
        "POST", f"{USERS}/{{user_id}}/impersonation/{{app_id}}", json={"impersonatorToken": "{impersonator_token}"}
    ),
    "show_user": Route("GET", f"{USERS}/{{user_id}}"),
    "list_active_sessions": Route("GET", f"{USERS}/{{user_id}}/active-sessions"),
    "end_active_session": Route("DELETE", f"{USERS}/{{user_id}}/active-sessions/{{session_id}}"),
    "list_consented_apps": Route("GET", f"{USERS}/{{user_id}}/consented-apps"),
    "withdraw_consent": Route("DELETE", f"{USERS}/{{user_id}}/consented-apps/{{app_id}}"),
    "list_apps": Route("GET", "/api/v1/apps"),
    "logout": Route("POST", "/identity/v1/logout", form={"post_logout_redirect_uri": "{redirect_uri}"}),
    "userinfo": Route("GET", "/oauth2/v1/userinfo"),
}
"""By the name of their operation in the OpenAPI document."""

FORMS = frozenset({"token", "introspect", "revoke"})
"""Operations that take tokens as parameters, and whom they are for by client authentication."""

OPEN = frozenset({"info", "authorization_server", "jwks", "live", "ready"})
"""Operations that anybody may use and that take no token."""
