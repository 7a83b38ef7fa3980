"""Our doors' paths, and the forms that several operations send."""

from bench.wire import Credentials, post_form

IMPERSONATE = "/api/admin/impersonate"
TOKEN = "/oauth2/v1/token"  # noqa: S105  a path
INTROSPECT = "/oauth2/v1/introspect"
USERINFO = "/oauth2/v1/userinfo"

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  a URN
USER_ID = "urn:impersonator:params:oauth:token-type:user-id"


def refresh(token: str, client_id: str) -> bytes:
    """A SPA asks for its next access token (RFC 6749 §6)."""
    return post_form(TOKEN, {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id})


def exchange(kind: str, subject: str, service: Credentials) -> bytes:
    """A service asks for a token to act with as that subject (RFC 8693 §2.1)."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": subject,
        "subject_token_type": kind,
    }
    # Who begins says why; who joins a session takes it with the reason it has.
    why = {"reason": "To see how fast it is"} if kind == USER_ID else {}
    return post_form(TOKEN, form | why, service)
